/* The commands: what each claims, and what it does once that is granted. */
#ifndef COMMAND_H
#define COMMAND_H

#include <oarlock.h>

#include "util.h"

enum { MOST_PATHS = 16 };

struct verb;

struct command {
  const struct verb *verb;
  char *line; /* what paths and text point into */
  char *paths[MOST_PATHS];
  size_t path_count;
  char *text;
  int64_t timeout_ns;
};

/* Reads a line and takes it over: its parts become strings of their own. NULL, or
 * what is wrong with it. */
const char *command_parse(struct command *command, char *line);
const char *command_name(const struct command *command);
/* Fills in MOST_PATHS claims at most; returns how many. 0: it needs no lock. */
size_t command_claims(const struct command *command, oarlock_claim *claims);
/* Carries out a command whose claims `lock` holds, and adds its answer to `out`.
 * `session` is the lock that the client keeps from one command to the next, or 0.
 * Ends `lock`, or makes it the session. */
void command_run(const struct command *command, oarlock_lock lock, uint64_t token,
                 oarlock_lock *session, struct bytes *out);
/* The answer to a command that did not get its locks. `error` may be NULL. */
void command_refuse(oarlock_status status, const oarlock_error *error, struct bytes *out);
void command_free(struct command *command);

#endif
