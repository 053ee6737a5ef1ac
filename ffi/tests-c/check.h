/*
 * A test program is a list of functions that CHECK things, run by RUN. Each
 * prints PASS or FAIL with its name; ci.sh counts them. A program that hangs is
 * ended by an alarm and fails.
 */
#ifndef CHECK_H
#define CHECK_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L /* nanosleep, alarm and threads beside -std=c99 */
#endif

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "oarlock.h"

/* assert works in every build of the tests. */
#undef NDEBUG
#include <assert.h>

static int check_failures; /* of the test that runs; checked on its own thread only */
static int check_failed_tests;

#define CHECK(condition)                                                              \
  do {                                                                                \
    if (!(condition)) {                                                               \
      check_failures++;                                                               \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);         \
    }                                                                                 \
  } while (0)

#define CHECK_STATUS(expected, call)                                                  \
  do {                                                                                \
    const oarlock_status check_is = (call);                                           \
    if (check_is != (expected)) {                                                     \
      check_failures++;                                                               \
      fprintf(stderr, "%s:%d: %s is %s, not %s\n", __FILE__, __LINE__, #call,         \
              oarlock_status_name(check_is), oarlock_status_name(expected));          \
    }                                                                                 \
  } while (0)

#define RUN(test)                                               \
  do {                                                          \
    check_failures = 0;                                         \
    alarm(120);                                                 \
    test();                                                     \
    printf("%s %s\n", check_failures ? "FAIL" : "PASS", #test); \
    fflush(stdout);                                             \
    check_failed_tests += check_failures != 0;                  \
  } while (0)

/* Looks until the condition holds; gives up, and fails, after a minute. */
#define EVENTUALLY(condition)                                   \
  do {                                                          \
    int check_looks = 60000;                                    \
    while (!(condition) && --check_looks > 0) check_pause();    \
    CHECK(check_looks > 0);                                     \
  } while (0)

static inline void check_pause(void) {
  const struct timespec millisecond = {0, 1000000};
  nanosleep(&millisecond, NULL);
}

static inline oarlock_manager *check_manager(void) {
  oarlock_manager *manager = NULL;
  const oarlock_status status = oarlock_manager_new(NULL, &manager, NULL);
  assert(status == OARLOCK_OK && manager != NULL);
  return manager;
}

/* Whether one claim could be had now. */
static inline int check_free(const oarlock_manager *manager, oarlock_claim claim) {
  oarlock_lock lock = 0;
  const oarlock_status status = oarlock_try_acquire(manager, &claim, 1, &lock, NULL, NULL);
  if (status != OARLOCK_OK) return 0;
  oarlock_release(manager, lock);
  return 1;
}

/* A lock on one claim, which must be free. */
static inline oarlock_lock check_hold(const oarlock_manager *manager, oarlock_claim claim) {
  oarlock_lock lock = 0;
  const oarlock_status status = oarlock_try_acquire(manager, &claim, 1, &lock, NULL, NULL);
  assert(status == OARLOCK_OK && lock != 0);
  return lock;
}

/* A request on one claim, which must have to wait. */
static inline oarlock_lock check_queue(const oarlock_manager *manager, oarlock_claim claim) {
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_status status = oarlock_enqueue(manager, &claim, 1, &lock, &state, NULL);
  assert(status == OARLOCK_OK && lock != 0 && state == OARLOCK_WAITING);
  return lock;
}

/* Frees the manager, with nothing left on it. */
static inline void check_done(oarlock_manager *manager) {
  CHECK(check_free(manager, oarlock_write("")));
  oarlock_manager_free(manager);
}

#endif
