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
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "oarlock.h"

/* Whether the test is compiled for a sanitizer. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define CHECK_SANITIZED
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CHECK_SANITIZED
#endif
#endif

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

/* A signal that does what it does by itself, whatever the program was started with:
 * a shell has some ignored in what it runs in the background, and others block some. */
static inline void check_default(int number) {
  sigset_t set;
  assert(signal(number, SIG_DFL) != SIG_ERR);
  assert(sigemptyset(&set) == 0 && sigaddset(&set, number) == 0);
  assert(pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0);
}

/* Ends the program, and fails, unless this is called again in time. */
static inline void check_end_after(unsigned seconds) {
  check_default(SIGALRM);
  alarm(seconds);
}

#define RUN(test)                                               \
  do {                                                          \
    check_failures = 0;                                         \
    check_end_after(120);                                       \
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

static inline oarlock_owner *check_owner(const oarlock_manager *manager) {
  oarlock_owner *owner = NULL;
  const oarlock_status status = oarlock_owner_new(manager, &owner, NULL);
  assert(status == OARLOCK_OK && owner != NULL);
  return owner;
}

/* Options; both may be NULL. */
static inline oarlock_request_options check_options(const oarlock_owner *owner,
                                                    const char *label) {
  oarlock_request_options options = OARLOCK_REQUEST_OPTIONS_INIT;
  options.owner = owner;
  options.label = oarlock_str_of(label);
  return options;
}

/* Whether one claim could be had now. */
static inline int check_free(const oarlock_manager *manager, oarlock_claim claim) {
  int32_t would = 9;
  const oarlock_status status = oarlock_would_grant(manager, &claim, 1, NULL, &would, NULL);
  assert(status == OARLOCK_OK && (would == 0 || would == 1));
  return would;
}

/* A lock on one claim, which must be free; `options` may be NULL. */
static inline oarlock_lock check_hold_as(const oarlock_manager *manager, oarlock_claim claim,
                                         const oarlock_request_options *options) {
  oarlock_lock lock = 0;
  const oarlock_status status =
      oarlock_try_acquire(manager, &claim, 1, options, &lock, NULL, NULL);
  assert(status == OARLOCK_OK && lock != 0);
  return lock;
}

static inline oarlock_lock check_hold(const oarlock_manager *manager, oarlock_claim claim) {
  return check_hold_as(manager, claim, NULL);
}

/* A request on one claim, which must have to wait; `options` may be NULL. */
static inline oarlock_lock check_queue_as(const oarlock_manager *manager, oarlock_claim claim,
                                          const oarlock_request_options *options) {
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_status status =
      oarlock_enqueue(manager, &claim, 1, options, &lock, &state, NULL, NULL);
  assert(status == OARLOCK_OK && lock != 0 && state == OARLOCK_WAITING);
  return lock;
}

static inline oarlock_lock check_queue(const oarlock_manager *manager, oarlock_claim claim) {
  return check_queue_as(manager, claim, NULL);
}

/* Where a request stands; 0 if it has ended. */
static inline oarlock_state check_state(const oarlock_manager *manager, oarlock_lock lock) {
  oarlock_state state = 9;
  oarlock_lock_state(manager, lock, &state);
  return state;
}

/* The token of a granted request. */
static inline uint64_t check_token(const oarlock_manager *manager, oarlock_lock lock) {
  uint64_t token = 0;
  const oarlock_status status = oarlock_lock_token(manager, lock, &token);
  assert(status == OARLOCK_OK && token != 0);
  return token;
}

static inline int check_is(oarlock_str str, const char *text) {
  return str.len == strlen(text) && (str.len == 0 || memcmp(str.ptr, text, str.len) == 0);
}

/* The seed of a test that draws; OARLOCK_SEED=N repeats a run. */
static inline uint64_t check_seed(void) {
  const char *const given = getenv("OARLOCK_SEED");
  const uint64_t seed = given ? strtoull(given, NULL, 0) : (uint64_t)oarlock_now();
  printf("OARLOCK_SEED=%llu\n", (unsigned long long)seed);
  fflush(stdout);
  return seed;
}

/* The next number of a seed: splitmix64. */
static inline uint64_t check_draw(uint64_t *seed) {
  uint64_t mixed = *seed += 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

/* An hour: a timeout that does not fire. */
#define CHECK_HOUR INT64_C(3600000000000)
/* A millisecond: one that does, soon. */
#define CHECK_SOON INT64_C(1000000)

/* Frees the manager, with nothing left on it. */
static inline void check_done(oarlock_manager *manager) {
  CHECK(check_free(manager, oarlock_write("")));
  oarlock_manager_free(manager);
}

#endif
