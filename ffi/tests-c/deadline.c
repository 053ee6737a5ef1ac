/* Absolute deadlines: the clock, and the timeout that ends at a time of it. */
#include "queued.h"
#include "told.h"

static void the_clock_goes_on(void) {
  int64_t last = oarlock_now();
  CHECK(last > 0);
  for (int i = 0; i < 10000; i++) {
    const int64_t now = oarlock_now();
    CHECK(now >= last);
    last = now;
  }
#ifdef __linux__
  /* It is CLOCK_MONOTONIC. */
  struct timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  const int64_t now = oarlock_now();
  clock_gettime(CLOCK_MONOTONIC, &after);
  CHECK(now >= before.tv_sec * INT64_C(1000000000) + before.tv_nsec);
  CHECK(now <= after.tv_sec * INT64_C(1000000000) + after.tv_nsec);
#endif
}

static void what_is_left_until_a_time(void) {
  const int64_t now = oarlock_now();
  const int64_t past[] = {now, now - 1, 0, -1, INT64_MIN};
  for (size_t i = 0; i < sizeof past / sizeof *past; i++) CHECK(oarlock_until(past[i]) == 0);
  const int64_t left = oarlock_until(now + CHECK_HOUR);
  CHECK(left > 0 && left <= CHECK_HOUR);
  const int64_t longest = oarlock_until(INT64_MAX);
  CHECK(longest > CHECK_HOUR && longest <= INT64_MAX - now);
}

/* Every call that waits, with this timeout; each must say TIMEOUT. */
static void times_out_everywhere(int64_t deadline) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_claim claim = oarlock_write("a");
  struct told told = TOLD_INIT(manager);
  oarlock_completion done;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  size_t count = 0;
  const oarlock_lock one = check_hold(manager, oarlock_read("a"));
  const oarlock_lock two = check_hold(manager, oarlock_read("a"));
  const oarlock_lock waits = check_queue(manager, claim);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_acquire(manager, &claim, 1, NULL,
                                                    oarlock_until(deadline), &lock, NULL, NULL));
  CHECK(oarlock_now() >= deadline);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_wait(manager, waits, oarlock_until(deadline), NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_queue_wait(queue, oarlock_until(deadline), &done, 1, &count));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_upgrade(manager, one, oarlock_until(deadline), NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(manager, one, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_upgrade_wait(manager, one, oarlock_until(deadline), NULL, NULL));
  /* By now it has passed: these try. */
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               told_enqueue(&told, claim, NULL, oarlock_until(deadline), &lock, &state));
  CHECK(told_times(&told, 0));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_enqueue_queue(manager, &claim, 1, NULL, oarlock_until(deadline), queue, NULL,
                                     &lock, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_upgrade_queue(manager, one, oarlock_until(deadline), queue, NULL, &state,
                                     NULL, NULL));
  CHECK(queued_none(queue));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  oarlock_queue_free(queue);
  check_done(manager);
}

static void a_deadline_that_has_passed(void) { times_out_everywhere(oarlock_now()); }
static void a_deadline_that_is_near(void) { times_out_everywhere(oarlock_now() + 5 * CHECK_SOON); }

/* Neither before it nor for ever: an asynchronous wait ends at its deadline. */
static void a_deadline_of_an_asynchronous_wait(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_claim claim = oarlock_write("a");
  const int64_t deadline = oarlock_now() + 20 * CHECK_SOON;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, claim);
  const oarlock_status status =
      oarlock_enqueue_queue(manager, &claim, 1, NULL, oarlock_until(deadline), queue, NULL, &lock,
                            &state, NULL, NULL);
  CHECK(status == OARLOCK_OK || status == OARLOCK_ERR_TIMEOUT);
  if (status == OARLOCK_OK) CHECK_STATUS(OARLOCK_ERR_TIMEOUT, queued_await(queue).status);
  CHECK(oarlock_now() >= deadline);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_queue_free(queue);
  check_done(manager);
}

static void a_deadline_far_away_does_not_fire(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  const int64_t deadlines[] = {oarlock_now() + CHECK_HOUR, INT64_MAX};
  for (int i = 0; i < 2; i++) {
    oarlock_lock lock = 0;
    CHECK_STATUS(OARLOCK_OK, oarlock_acquire(manager, &claim, 1, NULL, oarlock_until(deadlines[i]),
                                             &lock, NULL, NULL));
    CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, lock, oarlock_until(deadlines[i]), NULL, NULL));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  }
  check_done(manager);
}

int main(void) {
  RUN(the_clock_goes_on);
  RUN(what_is_left_until_a_time);
  RUN(a_deadline_that_has_passed);
  RUN(a_deadline_that_is_near);
  RUN(a_deadline_of_an_asynchronous_wait);
  RUN(a_deadline_far_away_does_not_fire);
  return check_failed_tests != 0;
}
