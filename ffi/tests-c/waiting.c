/* Requests that wait: order, timeouts, cancelling, closing. */
#include "check.h"

static void first_in_first_out(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock first = check_hold(manager, oarlock_write("a"));
  const oarlock_lock second = check_queue(manager, oarlock_read("a/b"));
  const oarlock_lock third = check_queue(manager, oarlock_write("a/b"));
  const oarlock_lock fourth = check_queue(manager, oarlock_read("a/b"));
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED, oarlock_lock_token(manager, third, &token));
  CHECK(token == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, first));
  CHECK(check_state(manager, second) == OARLOCK_GRANTED);
  CHECK(check_state(manager, third) == OARLOCK_WAITING);
  CHECK(check_state(manager, fourth) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, second));
  CHECK(check_state(manager, third) == OARLOCK_GRANTED);
  CHECK(check_state(manager, fourth) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, third));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, fourth, 0, &token, NULL));
  CHECK(token != 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, fourth));
  check_done(manager);
}

static void a_cancelled_writer_lets_readers_pass(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock reader = check_hold(manager, oarlock_read("a"));
  const oarlock_lock writer = check_queue(manager, oarlock_write("a"));
  const oarlock_lock behind = check_queue(manager, oarlock_read("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, writer));
  CHECK(check_state(manager, behind) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_cancel(manager, writer));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_wait(manager, writer, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, reader));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, behind));
  check_done(manager);
}

static void a_granted_request_is_not_cancelled(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_ERR_GRANTED, oarlock_cancel(manager, held));
  CHECK(!check_free(manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

static void release_ends_a_waiting_request(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waiting = check_queue(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiting));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_lock_state(manager, waiting, &(oarlock_state){0}));
  check_done(manager);
}

static void a_wait_that_times_out_keeps_its_place(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waiting = check_queue(manager, oarlock_write("a"));
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_wait(manager, waiting, 0, &token, NULL));
  CHECK(token == 0);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_wait(manager, waiting, CHECK_SOON, NULL, NULL));
  const oarlock_lock behind = check_queue(manager, oarlock_read("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, waiting, OARLOCK_FOREVER, &token, NULL));
  CHECK(token != 0 && check_state(manager, behind) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiting));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, behind));
  check_done(manager);
}

static void an_acquire_that_times_out_leaves_the_queue(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock reader = check_hold(manager, oarlock_read("a"));
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 9;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, &claim, 1, NULL, CHECK_SOON, &lock, NULL, NULL));
  CHECK(lock == 0);
  CHECK(check_free(manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, reader));
  check_done(manager);
}

struct blocked {
  oarlock_manager *manager;
  oarlock_lock lock;
  oarlock_status status;
};

static void *acquire_blocked(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  const oarlock_claim claim = oarlock_write("a");
  blocked->status = oarlock_acquire(blocked->manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                    &blocked->lock, NULL, NULL);
  return NULL;
}

static void *wait_blocked(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  blocked->status = oarlock_wait(blocked->manager, blocked->lock, OARLOCK_FOREVER, NULL, NULL);
  return NULL;
}

static void a_blocked_thread_is_handed_the_lock(void) {
  oarlock_manager *manager = check_manager();
  struct blocked blocked = {manager, 0, 1};
  pthread_t thread;
  const oarlock_lock held = check_hold(manager, oarlock_read("a"));
  assert(pthread_create(&thread, NULL, acquire_blocked, &blocked) == 0);
  /* Once the writer stands in the queue, a reader is refused. */
  EVENTUALLY(!check_free(manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, blocked.status);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, blocked.lock));
  check_done(manager);
}

static void closing_wakes_blocked_threads(void) {
  oarlock_manager *manager = check_manager();
  struct blocked acquiring = {manager, 0, 1}, waiting = {manager, 0, 1};
  pthread_t threads[2];
  const oarlock_lock held = check_hold(manager, oarlock_read("a"));
  waiting.lock = check_queue(manager, oarlock_write("a/b"));
  assert(pthread_create(&threads[0], NULL, acquire_blocked, &acquiring) == 0);
  assert(pthread_create(&threads[1], NULL, wait_blocked, &waiting) == 0);
  EVENTUALLY(!check_free(manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  assert(pthread_join(threads[0], NULL) == 0);
  assert(pthread_join(threads[1], NULL) == 0);
  CHECK_STATUS(OARLOCK_ERR_CLOSED, acquiring.status);
  CHECK_STATUS(OARLOCK_ERR_CLOSED, waiting.status);
  CHECK(acquiring.lock == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_manager_free(manager);
}

/* Whether the waiting thread came first or the cancel: it hears of its end. */
static void cancelling_ends_a_wait(void) {
  oarlock_manager *manager = check_manager();
  struct blocked waiting = {manager, 0, 1};
  pthread_t thread;
  const oarlock_lock held = check_hold(manager, oarlock_read("a"));
  waiting.lock = check_queue(manager, oarlock_write("a"));
  assert(pthread_create(&thread, NULL, wait_blocked, &waiting) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, waiting.lock));
  assert(pthread_join(thread, NULL) == 0);
  CHECK(waiting.status == OARLOCK_ERR_CANCELLED || waiting.status == OARLOCK_ERR_STALE);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

/* What is held stays held, and is known of; what waited has ended. */
static void a_close_leaves_what_is_held(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("b");
  oarlock_lock lock = 9;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waiting = check_queue(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  CHECK_STATUS(OARLOCK_ERR_CLOSED,
               oarlock_acquire(manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL));
  CHECK(lock == 0);
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_wait(manager, waiting, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(manager, waiting));
  CHECK(check_state(manager, held) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, held, 0, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(manager, held));
  oarlock_manager_free(manager);
}

static void a_manager_is_freed_with_everything_on_it(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waiting = check_queue(manager, oarlock_write("a/b"));
  CHECK(held != waiting);
  oarlock_manager_free(manager); /* valgrind looks for what is left */
}

int main(void) {
  RUN(first_in_first_out);
  RUN(a_cancelled_writer_lets_readers_pass);
  RUN(a_granted_request_is_not_cancelled);
  RUN(release_ends_a_waiting_request);
  RUN(a_wait_that_times_out_keeps_its_place);
  RUN(an_acquire_that_times_out_leaves_the_queue);
  RUN(a_blocked_thread_is_handed_the_lock);
  RUN(closing_wakes_blocked_threads);
  RUN(cancelling_ends_a_wait);
  RUN(a_close_leaves_what_is_held);
  RUN(a_manager_is_freed_with_everything_on_it);
  return check_failed_tests != 0;
}
