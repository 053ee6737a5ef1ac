/*
 * Replays conformance steps through the C library: reads one step a line from
 * standard input and answers each with one line, until the input ends.
 *
 *     adapter-c [wait|callback|queue]    how requests are waited for
 */
#include "requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum way way;

/* The bound is 0. The library's options have no such number: in C a request that
 * must not wait says so itself, by a timeout of 0. */
static int nobody_waits;

static void answer_status(oarlock_status status) {
  switch (status) {
    case OARLOCK_OK: puts("ok"); break;
    case OARLOCK_ERR_TIMEOUT:
    case OARLOCK_ERR_WOULD_BLOCK: puts("refused"); break;
    case OARLOCK_ERR_CLOSED: puts("closed"); break;
    case OARLOCK_ERR_TOO_MANY_WAITING: puts("too-many-waiting"); break;
    default: printf("error %s\n", oarlock_status_name(status));
  }
}

static void answer_standing(const struct request *request) {
  static const char *const words[] = {"waiting", "acquired", "upgrading", "closed", "error ended"};
  puts(words[request->standing]);
}

static void print_name(const char *word, oarlock_lock lock, const char *unknown) {
  const struct request *const request = find_lock(lock);
  printf("%s%s", word, request != NULL ? request->name : unknown);
}

/* A refused request has no name any more, but is the first in its circle. */
static void answer_circle(const char *refused, const oarlock_error *error) {
  size_t count = 0;
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  printf("deadlock");
  for (size_t i = 0; i < count; ++i) print_name(" ", parties[i].lock, i == 0 ? refused : "?");
  puts("");
}

static void start(const char *max_waiting) {
  nobody_waits = max_waiting != NULL && strcmp(max_waiting, "0") == 0;
  const size_t most = max_waiting == NULL ? 0 : (size_t)strtoul(max_waiting, NULL, 10);
  answer_status(start_anew(way, most));
}

static void lock(const char *name, char *words, int trying) {
  struct asked asked;
  struct request *request = NULL;
  oarlock_error *error = NULL;
  if (!read_request(words, &asked)) {
    puts("error protocol");
    free_request(&asked);
    return;
  }
  oarlock_status status = arrive(name, &asked, trying || nobody_waits, &request, &error);
  const int refused = status == OARLOCK_ERR_TIMEOUT || status == OARLOCK_ERR_WOULD_BLOCK;
  if (refused && !trying) status = OARLOCK_ERR_TOO_MANY_WAITING;
  if (status == OARLOCK_OK) {
    answer_standing(request);
  } else if (status == OARLOCK_ERR_DEADLOCK) {
    answer_circle(name, error);
  } else {
    answer_status(status);
  }
  oarlock_error_free(error);
  free_request(&asked);
}

static void tell_would_grant(char *words) {
  struct asked asked;
  int32_t would = 0;
  if (!read_request(words, &asked)) {
    puts("error protocol");
  } else {
    const oarlock_status status = would_grant(&asked, &would);
    if (status != OARLOCK_OK) answer_status(status);
    else puts(would ? "acquired" : "refused");
  }
  free_request(&asked);
}

static void begin_upgrade(struct request *request) {
  oarlock_error *error = NULL;
  const oarlock_status status = upgrade(request, &error);
  if (status == OARLOCK_OK) {
    puts(request->standing == UPGRADING ? "waiting" : "acquired");
  } else if (status == OARLOCK_ERR_DEADLOCK) {
    answer_circle(request->name, error);
  } else {
    answer_status(status);
  }
  oarlock_error_free(error);
}

static void end_part(struct request *request, char *word) {
  oarlock_str *const segments = (oarlock_str *)allocate(strlen(word), sizeof *segments);
  oarlock_path path;
  if (!read_path(word, segments, &path)) {
    puts("error protocol");
  } else {
    const oarlock_status status = release_part(request, path);
    if (status == OARLOCK_OK && request->standing == ENDED) puts("released");
    else answer_status(status);
  }
  free(segments);
}

static void tell_state(struct request *request) {
  const oarlock_status status = look(request);
  if (status == OARLOCK_OK) answer_standing(request); else answer_status(status);
}

static void tell_token(const struct request *request) {
  uint64_t token = 0;
  const oarlock_status status = oarlock_lock_token(manager, request->lock, &token);
  if (status == OARLOCK_OK) printf("token %llu\n", (unsigned long long)token);
  else answer_status(status);
}

static void tell_blockers(const struct request *request) {
  oarlock_lock few[1], *blockers = few;
  size_t count = 0;
  oarlock_status status = oarlock_blockers(manager, request->lock, few, 1, &count);
  if (status == OARLOCK_OK && count > 1) {
    blockers = (oarlock_lock *)allocate(count, sizeof *blockers);
    status = oarlock_blockers(manager, request->lock, blockers, count, &count);
  }
  if (status != OARLOCK_OK) {
    answer_status(status);
  } else {
    printf("blockers");
    for (size_t i = 0; i < count; ++i) print_name(" ", blockers[i], "?");
    puts("");
  }
  if (blockers != few) free(blockers);
}

static void tell_label(const struct request *request) {
  oarlock_snapshot *snapshot = NULL;
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  oarlock_status status = oarlock_inspect_lock(manager, request->lock, &snapshot, NULL);
  if (status == OARLOCK_OK) status = oarlock_snapshot_get(snapshot, 0, &info);
  if (status == OARLOCK_OK) {
    printf("label ");
    print_text(info.label);
    puts("");
  } else {
    answer_status(status);
  }
  oarlock_snapshot_free(snapshot);
}

/* Of a request that is known by this name. */
static void ask(const char *verb, struct request *request, char *rest) {
  if (request == NULL) puts("error unknown");
  else if (strcmp(verb, "unlock") == 0) answer_status(unlock(request));
  else if (strcmp(verb, "state") == 0) tell_state(request);
  else if (strcmp(verb, "upgrade") == 0) begin_upgrade(request);
  else if (strcmp(verb, "cancel-upgrade") == 0) answer_status(cancel_upgrade(request));
  else if (strcmp(verb, "downgrade") == 0) answer_status(downgrade(request));
  else if (strcmp(verb, "release-part") == 0 && rest != NULL) end_part(request, rest);
  else if (strcmp(verb, "token") == 0) tell_token(request);
  else if (strcmp(verb, "blockers") == 0) tell_blockers(request);
  else if (strcmp(verb, "label") == 0) tell_label(request);
  else puts("error protocol");
}

static void step(char *line) {
  char nothing[1] = "";
  char *const verb = strtok(line, " ");
  char *words = strtok(NULL, "");
  if (words == NULL) words = nothing;
  if (verb == NULL) {
    puts("error protocol");
  } else if (strcmp(verb, "new") == 0) {
    start(*words == '\0' ? NULL : words);
  } else if (strcmp(verb, "close") == 0) {
    answer_status(close_manager());
  } else if (strcmp(verb, "would-grant") == 0) {
    tell_would_grant(words);
  } else {
    const char *const name = strtok(words, " ");
    char *const rest = strtok(NULL, "");
    if (name == NULL) puts("error protocol");
    else if (strcmp(verb, "lock") == 0) lock(name, rest != NULL ? rest : nothing, 0);
    else if (strcmp(verb, "try") == 0) lock(name, rest != NULL ? rest : nothing, 1);
    else ask(verb, find(name), rest);
  }
  fflush(stdout);
}

/* Reads a line of any length, without its end; NULL at the end of the input. */
static char *read_line(char **line, size_t *size) {
  size_t len = 0;
  for (;;) {
    if (*size - len < 2) {
      *size = *size * 2 + 256;
      *line = (char *)realloc(*line, *size);
      if (*line == NULL) abort();
    }
    if (fgets(*line + len, (int)(*size - len), stdin) == NULL) return len > 0 ? *line : NULL;
    len += strlen(*line + len);
    if (len > 0 && (*line)[len - 1] == '\n') {
      (*line)[len - 1] = '\0';
      return *line;
    }
  }
}

int main(int argc, char **argv) {
  static const char *const ways[] = {"wait", "callback", "queue"};
  int at = 0;
  while (argc > 1 && at < 3 && strcmp(argv[1], ways[at]) != 0) ++at;
  if (argc > 2 || at == 3) {
    fprintf(stderr, "usage: adapter-c [wait|callback|queue]\n");
    return 2;
  }
  way = (enum way)at;
  char *line = NULL;
  size_t size = 0;
  if (start_anew(way, 0) != OARLOCK_OK) return 1;
  while (read_line(&line, &size) != NULL) step(line);
  free(line);
  forget_all();
  return 0;
}
