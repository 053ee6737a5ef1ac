/* Everything that a process may do with handles of its own, in one go: to be run
 * in a forked child, or with a library that was just loaded. */
#ifndef OWN_H
#define OWN_H

#include "told.h"

enum { OWN_WAITERS = 4 };

struct own_waiter {
  oarlock_manager *manager;
  oarlock_status status;
};

static inline void *own_wait(void *data) {
  struct own_waiter *const waiter = (struct own_waiter *)data;
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  waiter->status = oarlock_acquire(waiter->manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL,
                                   NULL);
  if (waiter->status == OARLOCK_OK) waiter->status = oarlock_release(waiter->manager, lock);
  return NULL;
}

static inline uint64_t own_waiting(const oarlock_manager *manager) {
  oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &stats));
  return stats.waiting;
}

/* Threads that block, one behind the other. */
static inline void own_blocking(void) {
  oarlock_manager *const manager = check_manager();
  struct own_waiter waiters[OWN_WAITERS];
  pthread_t threads[OWN_WAITERS];
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < OWN_WAITERS; i++) {
    waiters[i].manager = manager;
    waiters[i].status = 99;
    assert(pthread_create(&threads[i], NULL, own_wait, &waiters[i]) == 0);
  }
  EVENTUALLY(own_waiting(manager) == OWN_WAITERS);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  for (int i = 0; i < OWN_WAITERS; i++) {
    assert(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, waiters[i].status);
  }
  check_done(manager);
}

/* A callback that is called, and one whose time is up: that needs the timer. */
static inline void own_callbacks(void) {
  oarlock_manager *const manager = check_manager();
  struct told granted = TOLD_INIT(manager), late = TOLD_INIT(manager);
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&late, oarlock_read("a"), NULL, CHECK_SOON, &lock, &state));
  told_await(&late);
  CHECK(told_times(&late, 1) && late.status == OARLOCK_ERR_TIMEOUT);
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&granted, oarlock_read("a"), NULL, CHECK_HOUR, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  told_await(&granted);
  CHECK(told_times(&granted, 1) && granted.status == OARLOCK_OK);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, granted.lock));
  check_done(manager);
}

/* A queue: a post, a time-out, a grant. */
static inline void own_queue(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  oarlock_queue *queue = NULL;
  oarlock_completion completion;
  size_t count = 0;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, &count));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(queue, &completion, 1, &count));
  CHECK(count == 1 && completion.kind == OARLOCK_COMPLETION_POST);
  const oarlock_lock held = check_hold(manager, claim);
  const int64_t timeouts[] = {CHECK_SOON, CHECK_HOUR};
  const oarlock_status expected[] = {OARLOCK_ERR_TIMEOUT, OARLOCK_OK};
  for (int i = 0; i < 2; i++) {
    CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_queue(manager, &claim, 1, NULL, timeouts[i], queue,
                                                   NULL, &lock, &state, NULL, NULL));
    if (i == 1) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_wait(queue, OARLOCK_FOREVER, &completion, 1, &count));
    CHECK(count == 1 && completion.kind == OARLOCK_COMPLETION_ACQUIRE);
    CHECK_STATUS(expected[i], completion.status);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, completion.lock));
  oarlock_queue_free(queue);
  check_done(manager);
}

static inline void own_on_watch(void *data, const oarlock_request_info *info) {
  struct told *const told = (struct told *)data;
  on_outcome(told, info->state, info->lock, info->token, NULL);
}

/* A watch that tells of a lock; owners, upgrades and a look beside it. */
static inline void own_watch(void) {
  oarlock_manager *const manager = check_manager();
  struct told told = TOLD_INIT(manager);
  oarlock_watch *watch = NULL;
  oarlock_snapshot *snapshot = NULL;
  oarlock_owner *const owner = check_owner(manager);
  const oarlock_request_options options = check_options(owner, "mine");
  const oarlock_lock held = check_hold_as(manager, oarlock_read("a"), &options);
  CHECK(oarlock_owner_id(owner) != 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade(manager, held, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_watch_new(manager, CHECK_SOON, own_on_watch, &told, on_drop,
                                             &watch, NULL));
  EVENTUALLY(!told_nothing(&told));
  oarlock_watch_free(watch);
  CHECK(told.calls == 1 && told.drops == 1 && told.lock == held);
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect(manager, oarlock_path_of(""), &snapshot, NULL));
  CHECK(oarlock_snapshot_count(snapshot) == 1);
  oarlock_snapshot_free(snapshot);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_owner_free(owner);
  check_done(manager);
}

static inline void own_name(void) {
  oarlock_manager *first = NULL, *second = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("own"), &first, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("own"), &second, NULL));
  const oarlock_lock held = check_hold(first, oarlock_write("a"));
  CHECK(!check_free(second, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(second, held));
  oarlock_manager_free(first);
  check_done(second);
}

static inline void own_everything(void) {
  own_blocking();
  own_callbacks();
  own_queue();
  own_watch();
  own_name();
}

#endif
