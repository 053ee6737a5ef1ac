/* Running a part of a test in a forked child. */
#ifndef CHILD_H
#define CHILD_H

#include "check.h"

#include <sys/types.h>
#include <sys/wait.h>

/* A forked child, which has a minute: 0 in the child. No other thread may begin or end
 * meanwhile: AddressSanitizer takes a lock for that, which the child would not get. */
static inline pid_t child_begin(void) {
  fflush(NULL);
  check_default(SIGCHLD); /* were it ignored, nobody could wait for the child */
  const pid_t child = fork();
  assert(child >= 0);
  if (child == 0) check_end_after(60);
  return child;
}

/* Whether the child ended by itself, and well. */
static inline int child_ended_well(pid_t child) {
  int status = -1;
  assert(waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) fprintf(stderr, "the child was ended by signal %d\n", WTERMSIG(status));
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Runs a function in a forked child; whether all its checks held there. */
static inline int in_child(void (*body)(void *), void *data) {
  const pid_t child = child_begin();
  if (child == 0) {
    check_failures = 0;
    body(data);
    fflush(NULL);
    _exit(check_failures == 0 ? 0 : 1);
  }
  return child_ended_well(child);
}

#endif
