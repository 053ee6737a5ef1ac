/* What a manager counts: each number, and the two histograms. */
#include "check.h"

/* What is expected; the histograms by the sum of their buckets. */
struct counts {
  uint64_t held, waiting, grants, immediate_grants, waits, releases, cancels, timeouts, deadlocks,
      refused, upgrades, wait_times, hold_times;
};

static uint64_t sum(const uint64_t *buckets) {
  uint64_t all = 0;
  for (int i = 0; i < OARLOCK_HISTOGRAM_BUCKETS; i++) all += buckets[i];
  return all;
}

static void counted(const oarlock_manager *manager, const struct counts *wanted, int line) {
  oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &stats));
  const struct counts is = {stats.held,      stats.waiting,        stats.grants,
                            stats.immediate_grants, stats.waits,   stats.releases,
                            stats.cancels,   stats.timeouts,       stats.deadlocks,
                            stats.refused,   stats.upgrades,       sum(stats.wait_time),
                            sum(stats.hold_time)};
  static const char *const names[] = {"held", "waiting", "grants", "immediate_grants", "waits",
                                      "releases", "cancels", "timeouts", "deadlocks", "refused",
                                      "upgrades", "wait_time", "hold_time"};
  CHECK(stats.struct_size == sizeof stats && stats.reserved == 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    uint64_t have = 0, want = 0;
    memcpy(&have, (const char *)&is + i * sizeof have, sizeof have);
    memcpy(&want, (const char *)wanted + i * sizeof want, sizeof want);
    if (have == want) continue;
    fprintf(stderr, "%s:%d: %s is %llu, not %llu\n", __FILE__, line, names[i],
            (unsigned long long)have, (unsigned long long)want);
    check_failures++;
  }
}

#define COUNTED(manager, wanted) counted(manager, wanted, __LINE__)

static oarlock_manager *timed_manager(void) {
  oarlock_manager *manager = NULL;
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.hold_times = 1;
  const oarlock_status status = oarlock_manager_new(&options, &manager, NULL);
  assert(status == OARLOCK_OK);
  return manager;
}

static void requests_are_counted(void) {
  oarlock_manager *const manager = timed_manager();
  struct counts wanted;
  memset(&wanted, 0, sizeof wanted);
  COUNTED(manager, &wanted);
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  wanted.held = wanted.grants = wanted.immediate_grants = 1;
  COUNTED(manager, &wanted);
  const oarlock_lock granted = check_queue(manager, oarlock_write("a"));
  const oarlock_lock cancelled = check_queue(manager, oarlock_write("a"));
  const oarlock_lock released = check_queue(manager, oarlock_write("a"));
  wanted.waiting = wanted.waits = 3;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, cancelled));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, released));
  wanted.waiting = 1;
  wanted.cancels = 2;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  wanted.waiting = 0;
  wanted.grants = 2;
  wanted.releases = wanted.hold_times = wanted.wait_times = 1;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, granted));
  wanted.held = 0;
  wanted.releases = wanted.hold_times = 2;
  COUNTED(manager, &wanted);
  check_done(manager);
}

static void tries_and_timeouts_are_counted(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  struct counts wanted;
  memset(&wanted, 0, sizeof wanted);
  const oarlock_lock held = check_hold(manager, claim);
  wanted.held = wanted.grants = wanted.immediate_grants = 1;
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK,
               oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, &claim, 1, NULL, 0, &lock, NULL, NULL));
  wanted.refused = 2;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, &claim, 1, NULL, CHECK_SOON, &lock, NULL, NULL));
  wanted.waits = wanted.cancels = wanted.timeouts = 1;
  COUNTED(manager, &wanted);
  /* Only asked: not counted. A malformed request is none. */
  const oarlock_claim bad = oarlock_write("a//b");
  CHECK(!check_free(manager, claim));
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_try_acquire(manager, &bad, 1, NULL, &lock, NULL, NULL));
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

static void a_full_queue_refuses(void) {
  oarlock_manager *manager = NULL;
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.max_waiting = 2;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_new(&options, &manager, NULL));
  const oarlock_claim claim = oarlock_write("a");
  struct counts wanted;
  memset(&wanted, 0, sizeof wanted);
  const oarlock_lock held = check_hold(manager, claim);
  const oarlock_lock first = check_queue(manager, claim), second = check_queue(manager, claim);
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_WAITING,
               oarlock_enqueue(manager, &claim, 1, NULL, &lock, &state, NULL, &error));
  CHECK(lock == 0 && state == 0 && oarlock_error_code(error) == OARLOCK_ERR_TOO_MANY_WAITING);
  oarlock_error_free(error);
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_WAITING,
               oarlock_acquire(manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL));
  wanted.held = wanted.grants = wanted.immediate_grants = 1;
  wanted.waiting = wanted.waits = 2;
  wanted.refused = 2;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, first));
  const oarlock_lock third = check_queue(manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, second));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, third));
  check_done(manager);
}

static void upgrades_and_deadlocks_are_counted(void) {
  oarlock_manager *const manager = check_manager();
  struct counts wanted;
  oarlock_state state = 0;
  memset(&wanted, 0, sizeof wanted);
  const oarlock_lock one = check_hold(manager, oarlock_read("a"));
  const oarlock_lock two = check_hold(manager, oarlock_read("a"));
  wanted.held = wanted.grants = wanted.immediate_grants = 2;
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK, oarlock_try_upgrade(manager, one, NULL, NULL));
  COUNTED(manager, &wanted); /* a try of an upgrade is no request */
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_upgrade(manager, one, CHECK_SOON, NULL, NULL));
  wanted.timeouts = 1;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(manager, one, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
               oarlock_upgrade(manager, two, OARLOCK_FOREVER, NULL, NULL));
  wanted.deadlocks = 1; /* and an upgrade that waits is no request that does */
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_wait(manager, one, 0, NULL, NULL));
  wanted.held = 1;
  wanted.releases = wanted.upgrades = 1;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one));
  check_done(manager);
}

/* A time lies in the bucket of the power of two that it is below. */
static int in_buckets(const uint64_t *buckets, uint64_t at_least, uint64_t at_most) {
  for (int i = 0; i < OARLOCK_HISTOGRAM_BUCKETS; i++) {
    const uint64_t below = (uint64_t)1 << i;
    if (buckets[i] == 0) continue;
    return buckets[i] == 1 && at_least < below && at_most >= below / 2;
  }
  return 0;
}

static void times_fall_into_buckets(void) {
  oarlock_manager *const manager = timed_manager();
  const oarlock_claim claim = oarlock_write("a");
  oarlock_stats stats = OARLOCK_STATS_INIT;
  const int64_t before_hold = oarlock_now();
  const oarlock_lock held = check_hold(manager, claim);
  const int64_t before_wait = oarlock_now();
  const oarlock_lock waits = check_queue(manager, claim);
  const int64_t after_wait = oarlock_now();
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_wait(manager, waits, 5 * CHECK_SOON, NULL, NULL));
  const int64_t before_end = oarlock_now();
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  const int64_t after_end = oarlock_now();
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &stats));
  CHECK(in_buckets(stats.wait_time, (uint64_t)(before_end - after_wait),
                   (uint64_t)(after_end - before_wait)));
  CHECK(in_buckets(stats.hold_time, (uint64_t)(before_end - before_wait),
                   (uint64_t)(after_end - before_hold)));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  check_done(manager);
}

/* Without hold_times nothing is measured. */
static void hold_times_are_an_option(void) {
  oarlock_manager *manager = check_manager();
  oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, check_hold(manager, oarlock_write("a"))));
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &stats));
  CHECK(stats.releases == 1 && sum(stats.hold_time) == 0);
  check_done(manager);
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.hold_times = 2;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_new(&options, &manager, NULL));
  CHECK(manager == NULL);
}

/* What stands now, and what was: also after a close. */
static void a_close_counts_as_the_end_of_waits(void) {
  oarlock_manager *const manager = check_manager();
  struct counts wanted;
  memset(&wanted, 0, sizeof wanted);
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  CHECK(check_queue(manager, oarlock_write("a")) != 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  wanted.held = wanted.grants = wanted.immediate_grants = 1;
  wanted.waits = wanted.cancels = 1;
  COUNTED(manager, &wanted);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  wanted.held = 0;
  wanted.releases = 1;
  COUNTED(manager, &wanted);
  oarlock_manager_free(manager);
}

int main(void) {
  RUN(requests_are_counted);
  RUN(tries_and_timeouts_are_counted);
  RUN(a_full_queue_refuses);
  RUN(upgrades_and_deadlocks_are_counted);
  RUN(times_fall_into_buckets);
  RUN(hold_times_are_an_option);
  RUN(a_close_counts_as_the_end_of_waits);
  return check_failed_tests != 0;
}
