/*
 * Replays conformance steps through the C library: reads one step a line from
 * standard input and answers each with one line, until the input ends.
 */
#include <oarlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A lock and the name that the steps give it. */
struct named {
  char *name;
  oarlock_lock lock;
  struct named *next;
};

/* The claims of one step. Their bytes are decoded in place, in the line. */
struct request {
  oarlock_claim *claims;
  oarlock_str *segments;
  size_t claim_count, segment_count;
};

static oarlock_manager *manager;
static struct named *locks;

static void *allocate(size_t count, size_t size) {
  void *const memory = calloc(count + 1, size);
  if (memory == NULL) abort();
  return memory;
}

static void answer(const char *text) {
  puts(text);
  fflush(stdout);
}

static void answer_status(oarlock_status status) {
  if (status == OARLOCK_OK) {
    answer("ok");
  } else {
    printf("error %s\n", oarlock_status_name(status));
    fflush(stdout);
  }
}

static oarlock_lock find(const char *name) {
  for (const struct named *at = locks; at != NULL; at = at->next) {
    if (strcmp(at->name, name) == 0) return at->lock;
  }
  return 0;
}

static void remember(const char *name, oarlock_lock lock) {
  struct named *const entry = (struct named *)allocate(1, sizeof *entry);
  entry->name = (char *)allocate(strlen(name), 1);
  memcpy(entry->name, name, strlen(name));
  entry->lock = lock;
  entry->next = locks;
  locks = entry;
}

static void start_anew(void) {
  oarlock_manager_free(manager);
  manager = NULL;
  while (locks != NULL) {
    struct named *const next = locks->next;
    free(locks->name);
    free(locks);
    locks = next;
  }
  answer_status(oarlock_manager_new(NULL, &manager, NULL));
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Decodes a path's segments, "s61/s/s6263", or "-" for none. False if it is
 * none of both. */
static int decode(char *path, oarlock_str *segments, size_t *count) {
  *count = 0;
  if (strcmp(path, "-") == 0) return 1;
  for (;;) {
    if (*path++ != 's') return 0;
    char *out = path;
    segments[*count].ptr = out;
    while (*path != '/' && *path != '\0') {
      const int high = digit(path[0]), low = high < 0 ? -1 : digit(path[1]);
      if (low < 0) return 0;
      *out++ = (char)(high * 16 + low);
      path += 2;
    }
    segments[*count].len = (size_t)(out - segments[*count].ptr);
    ++*count;
    if (*path++ == '\0') return 1;
  }
}

/* Adds the claim "w:PATH" or "r:PATH". An unknown letter is a mode, too, for
 * the library to refuse. */
static int add_claim(struct request *request, char *word) {
  if (word[0] == '\0' || word[1] != ':') return 0;
  const int32_t mode = word[0] == 'r' ? OARLOCK_READ : word[0] == 'w' ? OARLOCK_WRITE : word[0];
  oarlock_str *const segments = request->segments + request->segment_count;
  size_t count = 0;
  if (!decode(word + 2, segments, &count)) return 0;
  request->segment_count += count;
  request->claims[request->claim_count++] = oarlock_claim_segments(mode, segments, count);
  return 1;
}

static void lock(const char *name, char *rest) {
  const size_t most = strlen(rest); /* of claims and of segments */
  struct request request = {NULL, NULL, 0, 0};
  request.claims = (oarlock_claim *)allocate(most, sizeof *request.claims);
  request.segments = (oarlock_str *)allocate(most, sizeof *request.segments);
  int good = 1;
  for (char *word = strtok(rest, " "); word != NULL && good; word = strtok(NULL, " ")) {
    good = add_claim(&request, word);
  }
  if (!good) {
    answer("error protocol");
  } else {
    oarlock_lock made = 0;
    oarlock_state state = 0;
    const oarlock_status status = oarlock_enqueue(manager, request.claims, request.claim_count,
                                                  &made, &state, NULL);
    if (status == OARLOCK_OK) {
      remember(name, made);
      answer(state == OARLOCK_GRANTED ? "acquired" : "waiting");
    } else {
      answer_status(status);
    }
  }
  free(request.claims);
  free(request.segments);
}

static void tell_state(const char *name) {
  oarlock_state state = 0;
  const oarlock_status status = oarlock_lock_state(manager, find(name), &state);
  if (status == OARLOCK_OK) {
    answer(state == OARLOCK_GRANTED ? "acquired" : "waiting");
  } else {
    answer_status(status);
  }
}

static void step(char *line) {
  char *const verb = strtok(line, " ");
  char *const name = strtok(NULL, " ");
  char *const rest = strtok(NULL, "");
  char nothing[1] = "";
  if (verb != NULL && strcmp(verb, "new") == 0) {
    start_anew();
  } else if (verb == NULL || name == NULL) {
    answer("error protocol");
  } else if (strcmp(verb, "lock") == 0) {
    lock(name, rest != NULL ? rest : nothing);
  } else if (strcmp(verb, "unlock") == 0) {
    answer_status(oarlock_release(manager, find(name)));
  } else if (strcmp(verb, "state") == 0) {
    tell_state(name);
  } else {
    answer("error protocol");
  }
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

int main(void) {
  char *line = NULL;
  size_t size = 0;
  if (oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) return 1;
  while (read_line(&line, &size) != NULL) step(line);
  free(line);
  while (locks != NULL) {
    struct named *const next = locks->next;
    free(locks->name);
    free(locks);
    locks = next;
  }
  oarlock_manager_free(manager);
  return 0;
}
