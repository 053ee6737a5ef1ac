/* How waits for a queue end: cancelled, closed, with the queue or with
 * the manager. */
#include "queued.h"

static int mark; /* an address */

static void cancel_and_release_are_told(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int way = 0; way < 2; way++) {
    const oarlock_lock waits =
        queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, &mark);
    CHECK_STATUS(OARLOCK_OK,
                 way ? oarlock_release(manager, waits) : oarlock_cancel(manager, waits));
    const oarlock_completion done = queued_next(queue);
    CHECK(queued_failed(&done, OARLOCK_COMPLETION_ACQUIRE, OARLOCK_ERR_CANCELLED, &mark));
    CHECK(done.error == NULL && queued_none(queue));
  }
  /* Granted and not fetched: the lock is the fetcher's, and no cancel takes it. */
  const oarlock_lock waits =
      queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, &mark);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_ERR_GRANTED, oarlock_cancel(manager, waits));
  CHECK(queued_next(queue).lock == waits);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  oarlock_queue_free(queue);
  check_done(manager);
}

static void a_close_is_told(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_claim claim = oarlock_write("a");
  const oarlock_lock held = check_hold(manager, oarlock_read("a"));
  const oarlock_lock other = check_hold(manager, oarlock_read("a"));
  oarlock_state state = 9;
  oarlock_lock lock = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_queue(manager, held, OARLOCK_FOREVER, queue, &mark,
                                                 &state, NULL, NULL));
  queued_waits(manager, claim, CHECK_HOUR, queue, &mark);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  int upgrades = 0;
  for (int i = 0; i < 2; i++) {
    const oarlock_completion done = queued_next(queue);
    CHECK(queued_failed(&done, done.kind, OARLOCK_ERR_CLOSED, &mark) && done.error == NULL);
    if (done.kind == OARLOCK_COMPLETION_UPGRADE) CHECK(++upgrades == 1 && done.lock == held);
  }
  CHECK(upgrades == 1 && queued_none(queue));
  CHECK_STATUS(OARLOCK_ERR_CLOSED,
               oarlock_enqueue_queue(manager, &claim, 1, NULL, OARLOCK_FOREVER, queue, NULL, &lock,
                                     &state, NULL, NULL));
  CHECK(lock == 0 && state == 0);
  /* The queue itself is of no manager. */
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  CHECK(queued_await(queue).kind == OARLOCK_COMPLETION_POST);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, other));
  oarlock_manager_free(manager);
  oarlock_queue_free(queue);
}

/* One waits behind two for x, and two would wait behind one for y: it goes ahead, and
 * all outcomes are grants. */
static void a_knot_ends_nobody(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  oarlock_owner *const one = check_owner(manager), *const two = check_owner(manager);
  const oarlock_request_options as_one = check_options(one, "one");
  const oarlock_request_options as_two = check_options(two, "two");
  const oarlock_claim wants = oarlock_write("x");
  oarlock_lock waits = 0;
  oarlock_state state = 0;
  const oarlock_lock x = check_hold(manager, oarlock_write("x"));
  const oarlock_lock y = check_hold(manager, oarlock_write("y"));
  const oarlock_lock two_x = check_queue_as(manager, oarlock_write("x"), &as_two);
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_queue(manager, &wants, 1, &as_one, OARLOCK_FOREVER,
                                                 queue, &mark, &waits, &state, NULL, NULL));
  const oarlock_lock one_y = check_queue_as(manager, oarlock_write("y"), &as_one);
  const oarlock_lock two_y = check_queue_as(manager, oarlock_write("y"), &as_two);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, y));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, x));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two_y));
  CHECK(queued_none(queue));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two_x));
  const oarlock_completion done = queued_next(queue);
  CHECK(done.status == OARLOCK_OK && done.lock == waits && done.user_data == &mark);
  CHECK(done.token != 0 && done.error == NULL && queued_none(queue));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, done.lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one_y));
  oarlock_owner_free(one);
  oarlock_owner_free(two);
  oarlock_queue_free(queue);
  check_done(manager);
}

/* What waits is cancelled, and what was granted and not fetched is released. */
static void freeing_the_queue_ends_what_nobody_will_know_of(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  oarlock_state state = 0;
  const oarlock_lock a = check_hold(manager, oarlock_write("a"));
  const oarlock_lock b = check_hold(manager, oarlock_write("b"));
  const oarlock_lock c = check_hold(manager, oarlock_read("c"));
  const oarlock_lock also_c = check_hold(manager, oarlock_read("c"));
  const oarlock_lock granted =
      queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, NULL);
  const oarlock_lock waits = queued_waits(manager, oarlock_write("b"), CHECK_HOUR, queue, NULL);
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_queue(manager, c, CHECK_HOUR, queue, NULL, &state, NULL,
                                                 NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, a));
  CHECK(check_state(manager, granted) == OARLOCK_GRANTED);
  const oarlock_lock behind = check_queue(manager, oarlock_write("a"));
  oarlock_queue_free(queue);
  CHECK(check_state(manager, granted) == 0 && check_state(manager, waits) == 0);
  CHECK(check_state(manager, behind) == OARLOCK_GRANTED);
  /* The upgrade was taken back; its request is the caller's still. */
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_state(manager, c, &state, NULL));
  CHECK(state == OARLOCK_NOT_UPGRADED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, b));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, c));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, also_c));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, behind));
  check_done(manager);
}

/* A queue of requests that wait for each other is freed: none is left over. */
static void freeing_the_queue_of_a_whole_line(void) {
  enum { LONG = 200 };
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < LONG; i++) {
    queued_waits(manager, oarlock_write("a"), i % 2 ? CHECK_HOUR : OARLOCK_FOREVER, queue, NULL);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held)); /* the first is in the queue */
  oarlock_queue_free(queue);
  oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &stats));
  CHECK(stats.held == 0 && stats.waiting == 0);
  check_done(manager);
}

static void the_manager_is_freed_before_the_queue(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, &mark);
  queued_waits(manager, oarlock_write("a"), CHECK_HOUR, queue, &mark);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_manager_free(manager);
  const oarlock_completion first = queued_next(queue), second = queued_next(queue);
  CHECK(queued_failed(&first, OARLOCK_COMPLETION_ACQUIRE, OARLOCK_ERR_CLOSED, &mark));
  CHECK(queued_failed(&second, OARLOCK_COMPLETION_ACQUIRE, OARLOCK_ERR_CLOSED, &mark));
  CHECK(queued_none(queue));
  oarlock_queue_free(queue);
}

/* Both freed, and nothing fetched: valgrind looks for what is left. */
static void nothing_is_fetched_at_all(void) {
  for (int manager_first = 0; manager_first < 2; manager_first++) {
    oarlock_manager *const manager = check_manager();
    oarlock_queue *const queue = queued_new();
    const oarlock_lock held = check_hold(manager, oarlock_write("a"));
    queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, &mark);
    queued_waits(manager, oarlock_write("a"), CHECK_HOUR, queue, &mark);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, &mark));
    if (manager_first) oarlock_manager_free(manager);
    oarlock_queue_free(queue);
    if (!manager_first) oarlock_manager_free(manager);
  }
  oarlock_queue_free(NULL);
}

struct waiter {
  oarlock_manager *manager;
  oarlock_lock lock;
  oarlock_status status;
};

static void *wait_too(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  waiter->status = oarlock_wait(waiter->manager, waiter->lock, OARLOCK_FOREVER, NULL, NULL);
  return NULL;
}

/* A thread may wait for the same request: both learn of its end. */
static void a_thread_waits_beside_the_queue(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  struct waiter waiter = {manager, 0, 1};
  pthread_t thread;
  waiter.lock = queued_waits(manager, oarlock_write("a"), OARLOCK_FOREVER, queue, &mark);
  assert(pthread_create(&thread, NULL, wait_too, &waiter) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, waiter.status);
  CHECK(queued_await(queue).lock == waiter.lock);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiter.lock));
  oarlock_queue_free(queue);
  check_done(manager);
}

int main(void) {
  RUN(cancel_and_release_are_told);
  RUN(a_close_is_told);
  RUN(a_knot_ends_nobody);
  RUN(freeing_the_queue_ends_what_nobody_will_know_of);
  RUN(freeing_the_queue_of_a_whole_line);
  RUN(the_manager_is_freed_before_the_queue);
  RUN(nothing_is_fetched_at_all);
  RUN(a_thread_waits_beside_the_queue);
  return check_failed_tests != 0;
}
