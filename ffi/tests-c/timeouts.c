/* Timeouts of waits that no thread is in: told once, in their order, or not at all. */
#include "queued.h"
#include "told.h"

static void a_callback_is_told_once(void) {
  struct told told = TOLD_INIT(check_manager());
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(told.manager, oarlock_read("a"));
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&told, oarlock_write("a"), NULL, CHECK_SOON, &lock, &state));
  CHECK(state == OARLOCK_WAITING && lock != 0);
  told_await(&told);
  CHECK(told_times(&told, 1) && told.lock == 0 && told.token == 0);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, told.status);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, told.error_code);
  CHECK(!pthread_equal(told.thread, pthread_self()));
  /* It has left the queue. */
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(told.manager, lock));
  CHECK(check_free(told.manager, oarlock_read("a")));
  oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(told.manager, &stats));
  CHECK(stats.timeouts == 1 && stats.cancels == 1 && stats.waiting == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, held));
  check_done(told.manager);
}

static void a_queue_is_told_once(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  int mark = 0;
  const oarlock_lock held = check_hold(manager, oarlock_read("a"));
  const int64_t before = oarlock_now();
  const oarlock_lock waits = queued_waits(manager, oarlock_write("a"), CHECK_SOON, queue, &mark);
  const oarlock_completion done = queued_await(queue);
  CHECK(oarlock_now() - before >= CHECK_SOON);
  CHECK(queued_failed(&done, OARLOCK_COMPLETION_ACQUIRE, OARLOCK_ERR_TIMEOUT, &mark));
  CHECK(done.error == NULL && queued_none(queue));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_cancel(manager, waits));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_queue_free(queue);
  check_done(manager);
}

/* Whoever waited only for the one whose time is up comes in, on that thread. */
static void a_timeout_lets_others_in(void) {
  struct told told = TOLD_INIT(check_manager()), behind = told;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(told.manager, oarlock_read("a"));
  /* Only this order lets both wait, however fast the time passes. */
  const oarlock_lock front = check_queue(told.manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&behind, oarlock_read("a"), NULL, CHECK_HOUR, &lock, &state));
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&told, oarlock_write("a"), NULL, CHECK_SOON, &lock, &state));
  const oarlock_lock last = check_queue(told.manager, oarlock_read("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_cancel(told.manager, front));
  told_await(&behind);
  CHECK_STATUS(OARLOCK_OK, behind.status);
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(told.manager, last, OARLOCK_FOREVER, NULL, NULL));
  told_await(&told);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, told.status);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, behind.lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, last));
  check_done(told.manager);
}

/* The time of one that was granted, or ended, passes: nobody hears of it again. A
 * later timeout of another request tells when that time has passed. */
static void what_ended_before_is_not_told_again(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  struct told told[3] = {TOLD_INIT(manager), TOLD_INIT(manager), TOLD_INIT(manager)};
  oarlock_lock locks[3];
  oarlock_state state = 0;
  oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < 3; i++) {
    CHECK_STATUS(OARLOCK_OK, told_enqueue(&told[i], oarlock_write("a"), NULL, 50 * CHECK_SOON,
                                          &locks[i], &state));
  }
  /* On a slow machine the time may be up before: then each is told that, once. */
  const oarlock_status cancelled = oarlock_cancel(manager, locks[0]);
  CHECK(cancelled == OARLOCK_OK || cancelled == OARLOCK_ERR_STALE);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  const oarlock_status released = oarlock_release(manager, locks[1]);
  CHECK(released == OARLOCK_OK || released == OARLOCK_ERR_STALE);
  held = check_hold(manager, oarlock_write("b"));
  queued_waits(manager, oarlock_write("b"), 60 * CHECK_SOON, queue, NULL);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, queued_await(queue).status);
  for (int i = 0; i < 3; i++) {
    told_await(&told[i]);
    CHECK(told_times(&told[i], 1));
    CHECK(told[i].status == OARLOCK_ERR_TIMEOUT ||
          told[i].status == (i == 0 ? OARLOCK_ERR_CANCELLED : OARLOCK_OK));
  }
  /* What was granted stays granted. */
  if (told[2].status == OARLOCK_OK) {
    CHECK(check_state(manager, locks[2]) == OARLOCK_GRANTED);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, locks[2]));
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_queue_free(queue);
  check_done(manager);
}

/* Each is told between the time at which it was set and the one after it. */
static void many_at_once_in_the_order_of_their_times(void) {
  enum { MANY = 300 };
  static struct {
    int64_t earliest, latest;
    int told;
  } times[MANY];
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  uint64_t seed = check_seed();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < MANY; i++) {
    const int64_t timeout = 1 + (int64_t)(check_draw(&seed) % (uint64_t)(60 * CHECK_SOON));
    const int64_t before = oarlock_now();
    queued_waits(manager, oarlock_read("a"), timeout, queue, &times[i]);
    times[i].earliest = before + timeout;
    times[i].latest = oarlock_now() + timeout;
  }
  int64_t latest_start = 0;
  for (int i = 0; i < MANY; i++) {
    const oarlock_completion done = queued_await(queue);
    const ptrdiff_t which =
        ((char *)done.user_data - (char *)times) / (ptrdiff_t)sizeof times[0];
    assert(which >= 0 && which < MANY);
    CHECK_STATUS(OARLOCK_ERR_TIMEOUT, done.status);
    CHECK(oarlock_now() >= times[which].earliest && times[which].told++ == 0);
    /* Nobody told before was certainly to come later. */
    CHECK(latest_start <= times[which].latest);
    if (times[which].earliest > latest_start) latest_start = times[which].earliest;
  }
  CHECK(queued_none(queue));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_queue_free(queue);
  check_done(manager);
}

/* A timeout of the far future neither fires nor is in the way of others. */
static void the_longest_timeout(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waits = queued_waits(manager, oarlock_write("a"), INT64_MAX, queue, NULL);
  const oarlock_lock short_one = queued_waits(manager, oarlock_write("a"), CHECK_SOON, queue, NULL);
  CHECK(short_one != waits);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, queued_await(queue).status);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK(queued_await(queue).lock == waits);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  oarlock_queue_free(queue);
  check_done(manager);
}

/* A thread that waits for the same request hears that it has ended. */
static void a_thread_waits_beside_the_timeout(void) {
  struct told told = TOLD_INIT(check_manager());
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(told.manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&told, oarlock_write("a"), NULL, 5 * CHECK_SOON, &lock, &state));
  const oarlock_status status = oarlock_wait(told.manager, lock, OARLOCK_FOREVER, NULL, NULL);
  CHECK(status == OARLOCK_ERR_CANCELLED || status == OARLOCK_ERR_STALE);
  told_await(&told);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, told.status);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, held));
  check_done(told.manager);
}

/* Managers that go away take their timeouts with them. */
static void a_manager_is_freed_with_timeouts_set(void) {
  for (int round = 0; round < 50; round++) {
    struct told late = TOLD_INIT(check_manager()), soon = late;
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    CHECK(check_hold(late.manager, oarlock_write("a")) != 0);
    CHECK_STATUS(OARLOCK_OK,
                 told_enqueue(&late, oarlock_write("a"), NULL, CHECK_HOUR, &lock, &state));
    CHECK_STATUS(OARLOCK_OK,
                 told_enqueue(&soon, oarlock_write("a"), NULL, 1 + round * 20000, &lock, &state));
    oarlock_manager_free(late.manager);
    told_await(&late);
    told_await(&soon);
    CHECK(told_times(&late, 1) && told_times(&soon, 1));
    CHECK_STATUS(OARLOCK_ERR_CLOSED, late.status);
    CHECK(soon.status == OARLOCK_ERR_CLOSED || soon.status == OARLOCK_ERR_TIMEOUT);
  }
}

int main(void) {
  RUN(a_callback_is_told_once);
  RUN(a_queue_is_told_once);
  RUN(a_timeout_lets_others_in);
  RUN(what_ended_before_is_not_told_again);
  RUN(many_at_once_in_the_order_of_their_times);
  RUN(the_longest_timeout);
  RUN(a_thread_waits_beside_the_timeout);
  RUN(a_manager_is_freed_with_timeouts_set);
  return check_failed_tests != 0;
}
