/* A fork in the middle of every kind of wait: the child may use its own handles,
 * and the parent's waits go on as if nothing had been.
 * skip: tsan because it has no new threads after a fork of many
 */
#include "child.h"
#include "own.h"

#include <poll.h>

static void use_own(void *data) {
  (void)data;
  own_everything();
}

/* Forks some times: what a child inherits differs from time to time. */
static void children(void) {
  for (int i = 0; i < 5; i++) CHECK(in_child(use_own, NULL));
}

struct blocked {
  oarlock_manager *manager;
  oarlock_lock lock;
  oarlock_queue *queue;
  oarlock_status status;
  int begun; /* by the thread; atomic, which C99 has no type for */
};

static void *acquire(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  const oarlock_claim claim = oarlock_write("a");
  blocked->status = oarlock_acquire(blocked->manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                    &blocked->lock, NULL, NULL);
  if (blocked->status == OARLOCK_OK) oarlock_release(blocked->manager, blocked->lock);
  return NULL;
}

static void *wait_for(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  blocked->status = oarlock_wait(blocked->manager, blocked->lock, CHECK_HOUR, NULL, NULL);
  return NULL;
}

static void *upgrade(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  blocked->status =
      oarlock_upgrade(blocked->manager, blocked->lock, OARLOCK_FOREVER, NULL, NULL);
  return NULL;
}

static void *fetch(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  oarlock_completion completion;
  size_t count = 0;
  __atomic_store_n(&blocked->begun, 1, __ATOMIC_SEQ_CST);
  blocked->status =
      oarlock_queue_wait(blocked->queue, OARLOCK_FOREVER, &completion, 1, &count);
  return NULL;
}

/* More threads than one, so that the child inherits many that are gone. */
static void while_threads_block(void) {
  enum { THREADS = 12 };
  oarlock_manager *const manager = check_manager();
  struct blocked blocked[THREADS];
  pthread_t threads[THREADS];
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < THREADS; i++) {
    memset(&blocked[i], 0, sizeof blocked[i]);
    blocked[i].manager = manager;
    if (i % 2) blocked[i].lock = check_queue(manager, oarlock_read("a"));
    assert(pthread_create(&threads[i], NULL, i % 2 ? wait_for : acquire, &blocked[i]) == 0);
  }
  EVENTUALLY(own_waiting(manager) == THREADS);
  children();
  CHECK(own_waiting(manager) == THREADS);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  /* The first half of them may stand behind the other one. */
  for (int i = 1; i < THREADS; i += 2) {
    assert(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, blocked[i].status);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, blocked[i].lock));
  }
  for (int i = 0; i < THREADS; i += 2) {
    assert(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, blocked[i].status);
  }
  check_done(manager);
}

static void while_an_upgrade_waits(void) {
  oarlock_manager *const manager = check_manager();
  struct blocked blocked = {manager, 0, NULL, 99, 0};
  pthread_t thread;
  oarlock_state state = 0;
  blocked.lock = check_hold(manager, oarlock_read("a"));
  const oarlock_lock other = check_hold(manager, oarlock_read("a"));
  assert(pthread_create(&thread, NULL, upgrade, &blocked) == 0);
  EVENTUALLY(oarlock_upgrade_state(manager, blocked.lock, &state, NULL) == OARLOCK_OK &&
             state == OARLOCK_WAITING);
  children();
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, other));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, blocked.status);
  CHECK(!check_free(manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, blocked.lock));
  check_done(manager);
}

/* The timer's thread has something to do for hours, and soon. */
static void while_callbacks_and_timeouts_are_due(void) {
  enum { SOON = 50 };
  oarlock_manager *const manager = check_manager();
  struct told granted = TOLD_INIT(manager), late[SOON];
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock kept = check_hold(manager, oarlock_write("b"));
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&granted, oarlock_write("a"), NULL, CHECK_HOUR, &lock, &state));
  for (int i = 0; i < SOON; i++) {
    late[i] = (struct told)TOLD_INIT(manager);
    CHECK_STATUS(OARLOCK_OK, told_enqueue(&late[i], oarlock_write("b"), NULL,
                                          (i + 1) * CHECK_SOON, &lock, &state));
  }
  told_await(&late[0]); /* the library's thread has begun */
  children();
  for (int i = 0; i < SOON; i++) {
    told_await(&late[i]);
    CHECK(told_times(&late[i], 1) && late[i].status == OARLOCK_ERR_TIMEOUT);
  }
  CHECK(told_nothing(&granted));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  told_await(&granted);
  CHECK(told_times(&granted, 1) && granted.status == OARLOCK_OK);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, granted.lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, kept));
  check_done(manager);
}

static int readable(int fd) {
  struct pollfd polled = {fd, POLLIN, 0};
  return poll(&polled, 1, 0) == 1;
}

/* The descriptor is one for both: what the child does must not empty it. */
static void touch_the_queue(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  oarlock_completion completions[4];
  size_t count = 9;
  CHECK_STATUS(OARLOCK_ERR_FORKED,
               oarlock_queue_drain(blocked->queue, completions, 4, &count));
  CHECK(count == 0);
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_manager_close(blocked->manager));
  oarlock_queue_free(blocked->queue);
  oarlock_manager_free(blocked->manager);
  own_everything();
}

static void while_a_queue_has_and_awaits_completions(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claims[] = {oarlock_write("a"), oarlock_write("b")};
  struct blocked blocked = {manager, 0, NULL, 99, 0};
  oarlock_completion completions[4];
  oarlock_lock held[2], lock = 0;
  oarlock_state state = 0;
  size_t count = 0;
  int fd = -1, users[2];
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&blocked.queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_fd(blocked.queue, &fd));
  for (int i = 0; i < 2; i++) {
    held[i] = check_hold(manager, claims[i]);
    CHECK_STATUS(OARLOCK_OK,
                 oarlock_enqueue_queue(manager, &claims[i], 1, NULL, CHECK_HOUR, blocked.queue,
                                       &users[i], &lock, &state, NULL, NULL));
  }
  CHECK(in_child(touch_the_queue, &blocked) && !readable(fd));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[0]));
  CHECK(readable(fd));
  CHECK(in_child(touch_the_queue, &blocked) && readable(fd));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[1]));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(blocked.queue, completions, 4, &count));
  CHECK(count == 2 && !readable(fd));
  for (size_t i = 0; i < count; i++) {
    CHECK(completions[i].user_data == &users[i]);
    CHECK_STATUS(OARLOCK_OK, completions[i].status);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, completions[i].lock));
  }
  oarlock_queue_free(blocked.queue);
  check_done(manager);
}

static void while_a_thread_waits_for_a_queue(void) {
  struct blocked blocked = {check_manager(), 0, NULL, 99, 0};
  pthread_t thread;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&blocked.queue, NULL));
  assert(pthread_create(&thread, NULL, fetch, &blocked) == 0);
  EVENTUALLY(__atomic_load_n(&blocked.begun, __ATOMIC_SEQ_CST));
  CHECK(in_child(touch_the_queue, &blocked));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(blocked.queue, NULL));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, blocked.status);
  oarlock_queue_free(blocked.queue);
  check_done(blocked.manager);
}

static int is_told(struct told *told, int calls) {
  pthread_mutex_lock(&told->mutex);
  const int is = told->calls == calls;
  pthread_mutex_unlock(&told->mutex);
  return is;
}

static void while_a_watch_runs(void) {
  oarlock_manager *const manager = check_manager();
  struct told told = TOLD_INIT(manager);
  oarlock_watch *watch = NULL;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_watch_new(manager, 20 * CHECK_SOON, own_on_watch, &told,
                                             on_drop, &watch, NULL));
  EVENTUALLY(is_told(&told, 1)); /* its thread has begun */
  CHECK(told.lock == held);
  const oarlock_lock later = check_hold(manager, oarlock_write("b"));
  children();
  EVENTUALLY(is_told(&told, 2));
  oarlock_watch_free(watch);
  CHECK(told.calls == 2 && told.drops == 1 && told.lock == later);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, later));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

struct forking {
  oarlock_manager *manager;
  int well, called;
};

static void use_own_threads(void *data) {
  (void)data;
  own_blocking();
  own_name();
}

/* A child made inside a callback: it ends there. Callbacks of its own would come
 * only after this one. */
static void fork_inside(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                        const oarlock_error *error) {
  struct forking *const forking = (struct forking *)data;
  (void)token, (void)error;
  forking->called++;
  forking->well = in_child(use_own_threads, NULL);
  if (status == OARLOCK_OK) oarlock_release(forking->manager, lock);
}

static void inside_a_callback(void) {
  struct forking forking = {check_manager(), 0, 0};
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(forking.manager, claim);
  CHECK_STATUS(OARLOCK_OK,
               oarlock_enqueue_callback(forking.manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                        fork_inside, &forking, NULL, &lock, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(forking.manager, held));
  CHECK(forking.called == 1 && forking.well);
  check_done(forking.manager);
}

int main(void) {
  RUN(while_threads_block);
  RUN(while_an_upgrade_waits);
  RUN(while_callbacks_and_timeouts_are_due);
  RUN(while_a_queue_has_and_awaits_completions);
  RUN(while_a_thread_waits_for_a_queue);
  RUN(while_a_watch_runs);
  RUN(inside_a_callback);
  return check_failed_tests != 0;
}
