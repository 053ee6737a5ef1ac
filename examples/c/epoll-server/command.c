#include "command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

/* How long a command waits for its locks, if it does not say WITHIN. */
static const int64_t default_timeout_ns = INT64_C(10) * 1000 * 1000 * 1000;

/* One call of a command that has its locks. */
struct call {
  const struct command *command;
  oarlock_lock *lock; /* set to 0 by who keeps it */
  uint64_t token;
  oarlock_lock *session;
  struct bytes *out;
};

struct verb {
  const char *name;
  size_t least_paths, most_paths;
  bool takes_text;
  int32_t mode; /* of its claims, one for each path; 0: it claims nothing */
  void (*run)(const struct call *call);
};

static void run_get(const struct call *call) {
  const char *const text = store_get(&server.store, call->command->paths[0]);
  if (text == NULL)
    bytes_print(call->out, "NONE\n");
  else
    bytes_print(call->out, "OK %s\n", text);
}

/* Answers with the fencing token: of two writers of one path the later one has the
 * greater token. */
static void run_put(const struct call *call) {
  store_put(&server.store, call->command->paths[0], call->command->text);
  bytes_print(call->out, "OK %" PRIu64 "\n", call->token);
}

static void run_delete(const struct call *call) {
  bytes_print(call->out, "OK %zu\n", store_remove(&server.store, call->command->paths[0]));
}

static void run_move(const struct call *call) {
  const char *const from = call->command->paths[0], *const to = call->command->paths[1];
  if (path_below(from, to) || path_below(to, from))
    bytes_print(call->out, "ERROR one path lies below the other\n");
  else
    bytes_print(call->out, "OK %zu\n", store_move(&server.store, from, to));
}

static void run_list(const struct call *call) {
  const char *const path = call->command->path_count > 0 ? call->command->paths[0] : "";
  const struct range range = store_below(&server.store, path);
  bytes_print(call->out, "OK %zu\n", range.end - range.start);
  for (size_t i = range.start; i < range.end; ++i)
    bytes_print(call->out, "%s\n", server.store.documents[i].path);
}

/* The claims outlive the command: they are the client's until UNLOCK. */
static void run_lock(const struct call *call) {
  if (*call->session != 0) {
    bytes_print(call->out, "ERROR you have locked something already\n");
    return;
  }
  *call->session = *call->lock;
  *call->lock = 0;
  bytes_print(call->out, "OK %" PRIu64 "\n", call->token);
}

static void run_unlock(const struct call *call) {
  if (*call->session == 0) {
    bytes_print(call->out, "ERROR you have locked nothing\n");
    return;
  }
  oarlock_release(server.locks, *call->session);
  *call->session = 0;
  bytes_print(call->out, "OK\n");
}

/* Who holds or waits for something, for the operator. */
static void run_who(const struct call *call) {
  const char *const path = call->command->path_count > 0 ? call->command->paths[0] : "";
  oarlock_snapshot *snapshot;
  oarlock_error *error;
  const oarlock_status status =
      oarlock_inspect(server.locks, oarlock_path_of(path), &snapshot, &error);
  if (status != OARLOCK_OK) {
    command_refuse(status, error, call->out);
    oarlock_error_free(error);
    return;
  }
  const size_t count = oarlock_snapshot_count(snapshot);
  bytes_print(call->out, "OK %zu\n", count);
  for (size_t i = 0; i < count; ++i) {
    oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
    oarlock_snapshot_get(snapshot, i, &info);
    bytes_print(call->out, "%.*s %s", (int)info.label.len, info.label.ptr,
                info.state == OARLOCK_GRANTED ? "holds" : "waits for");
    for (size_t j = 0; j < info.claim_count; ++j) {
      const oarlock_claim *const claim = &info.claims[j];
      bytes_print(call->out, "%s %s ", j > 0 ? "," : "",
                  claim->mode == OARLOCK_WRITE ? "write" : "read");
      for (size_t k = 0; k < claim->path.segment_count; ++k)
        bytes_print(call->out, "%s%.*s", k > 0 ? "/" : "", (int)claim->path.segments[k].len,
                    claim->path.segments[k].ptr);
    }
    bytes_add(call->out, "\n", 1);
  }
  oarlock_snapshot_free(snapshot);
}

static const struct verb verbs[] = {
    {"GET", 1, 1, false, OARLOCK_READ, run_get},
    {"PUT", 1, 1, true, OARLOCK_WRITE, run_put},
    {"DELETE", 1, 1, false, OARLOCK_WRITE, run_delete},
    {"MOVE", 2, 2, false, OARLOCK_WRITE, run_move},
    {"LIST", 0, 1, false, OARLOCK_READ, run_list},
    {"LOCK", 1, MOST_PATHS, false, OARLOCK_WRITE, run_lock},
    {"UNLOCK", 0, 0, false, 0, run_unlock},
    {"WHO", 0, 1, false, 0, run_who},
};

/* Cuts the next word off the front; NULL if there is none. */
static char *word(char **rest) {
  *rest += strspn(*rest, " ");
  if (**rest == '\0') return NULL;
  char *const start = *rest;
  *rest += strcspn(*rest, " ");
  if (**rest != '\0') *(*rest)++ = '\0';
  return start;
}

static bool milliseconds(const char *text, int64_t *out_ns) {
  char *end;
  const long long value = strtoll(text == NULL ? "" : text, &end, 10);
  if (text == NULL || end == text || *end != '\0' || value < 0 || value > 86400000) return false;
  *out_ns = value * 1000 * 1000;
  return true;
}

const char *command_parse(struct command *command, char *line) {
  *command = (struct command){.line = line, .timeout_ns = default_timeout_ns};
  char *rest = line;
  const char *name = word(&rest);
  if (name != NULL && strcmp(name, "WITHIN") == 0) {
    if (!milliseconds(word(&rest), &command->timeout_ns))
      return "WITHIN needs milliseconds, up to a day, and a command";
    name = word(&rest);
  }
  for (size_t i = 0; name != NULL && i < sizeof verbs / sizeof *verbs; ++i)
    if (strcmp(name, verbs[i].name) == 0) command->verb = &verbs[i];
  const struct verb *const verb = command->verb;
  if (verb == NULL) return "there are GET PUT DELETE MOVE LIST LOCK UNLOCK WHO, and WITHIN before";
  while (command->path_count < verb->most_paths) {
    char *const path = word(&rest);
    if (path == NULL) break;
    command->paths[command->path_count++] = path;
  }
  if (command->path_count < verb->least_paths) return "a path is missing";
  command->text = rest;
  if (!verb->takes_text && word(&rest) != NULL) return "there is too much in the line";
  return NULL;
}

const char *command_name(const struct command *command) { return command->verb->name; }

size_t command_claims(const struct command *command, oarlock_claim *claims) {
  const struct verb *const verb = command->verb;
  if (verb->mode == 0) return 0;
  for (size_t i = 0; i < command->path_count; ++i)
    claims[i] = oarlock_claim_text(verb->mode, oarlock_str_of(command->paths[i]));
  if (command->path_count > 0) return command->path_count;
  claims[0] = oarlock_claim_text(verb->mode, oarlock_str_of("")); /* the root */
  return 1;
}

void command_run(const struct command *command, oarlock_lock lock, uint64_t token,
                 oarlock_lock *session, struct bytes *out) {
  const struct call call = {command, &lock, token, session, out};
  command->verb->run(&call);
  if (lock != 0) oarlock_release(server.locks, lock);
}

void command_refuse(oarlock_status status, const oarlock_error *error, struct bytes *out) {
  if (status == OARLOCK_ERR_TIMEOUT) {
    bytes_print(out, "TIMEOUT\n");
    return;
  }
  if (status == OARLOCK_ERR_CLOSED) {
    bytes_print(out, "CLOSING\n");
    return;
  }
  if (status != OARLOCK_ERR_DEADLOCK) {
    bytes_print(out, "ERROR %s\n",
                error != NULL ? oarlock_error_message(error) : oarlock_status_message(status));
    return;
  }
  /* The cycle: each waits for the next, the last for the first. */
  size_t count;
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  bytes_print(out, "DEADLOCK");
  for (size_t i = 0; i < count; ++i)
    bytes_print(out, "%s %.*s", i > 0 ? "," : "", (int)parties[i].label.len, parties[i].label.ptr);
  bytes_add(out, "\n", 1);
}

void command_free(struct command *command) {
  free(command->line);
  *command = (struct command){.line = NULL};
}
