/* Ten thousand at a time: threads that block, completions, timeouts.
 * skip: memcheck because valgrind has room for 500 threads
 * skip: tsan because it has room for 8,128 threads
 */
#include "own.h"

#ifdef CHECK_SANITIZED
enum { CROWD = 2000 }; /* a thread takes ten times the memory, and its time */
#else
enum { CROWD = 10000 };
#endif
enum { STACK = 128 * 1024 };

struct member {
  oarlock_manager *manager;
  oarlock_lock lock; /* to wait for */
  size_t number;
  size_t *next; /* guarded by the lock: whose turn it is */
  const oarlock_queue *queue;
  int in_turn;
  char path[24];
  oarlock_status status;
  int called;
};

static struct member members[CROWD]; /* each its thread's or callback's, then the test's */
static pthread_t threads[CROWD];

/* Begins member number `i`'s thread. Where the system gives no more, the test goes
 * on with those that there are, and says so. */
static int begin(size_t i, void *(*work)(void *)) {
  pthread_attr_t small;
  assert(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, STACK) == 0);
  const int begun = pthread_create(&threads[i], &small, work, &members[i]) == 0;
  pthread_attr_destroy(&small);
  if (!begun) printf("PASS only %zu threads of %d: the system gives no more\n", i, CROWD);
  return begun;
}

static void *wait_in_turn(void *data) {
  struct member *const member = (struct member *)data;
  member->status =
      oarlock_wait(member->manager, member->lock, OARLOCK_FOREVER, NULL, NULL);
  if (member->status != OARLOCK_OK) return NULL;
  member->in_turn = (*member->next)++ == member->number;
  member->status = oarlock_release(member->manager, member->lock);
  return NULL;
}

static void ten_thousand_threads_on_one_path(void) {
  oarlock_manager *const manager = check_manager();
  size_t next = 0, count = 0;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (; count < CROWD; count++) {
    struct member *const member = &members[count];
    memset(member, 0, sizeof *member);
    member->manager = manager;
    member->number = count;
    member->next = &next;
    member->lock = check_queue(manager, oarlock_write("a"));
    if (!begin(count, wait_in_turn)) {
      CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, member->lock));
      break;
    }
  }
  CHECK(own_waiting(manager) == count);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  size_t in_turn = 0, granted = 0;
  for (size_t i = 0; i < count; i++) {
    assert(pthread_join(threads[i], NULL) == 0);
    in_turn += members[i].in_turn != 0;
    granted += members[i].status == OARLOCK_OK;
  }
  CHECK(granted == count && in_turn == count && next == count);
  check_done(manager);
}

static void *acquire_own_path(void *data) {
  struct member *const member = (struct member *)data;
  const oarlock_claim claim = oarlock_write(member->path);
  member->status = oarlock_acquire(member->manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                   &member->lock, NULL, NULL);
  return NULL;
}

/* All of them wait for one lock above them, and hold their own then. */
static void ten_thousand_threads_on_as_many_paths(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_stats stats = OARLOCK_STATS_INIT;
  size_t count = 0, granted = 0;
  const oarlock_lock held = check_hold(manager, oarlock_write(""));
  for (; count < CROWD; count++) {
    struct member *const member = &members[count];
    memset(member, 0, sizeof *member);
    member->manager = manager;
    snprintf(member->path, sizeof member->path, "%zu/%zu", count % 100, count);
    if (!begin(count, acquire_own_path)) break;
  }
  EVENTUALLY(own_waiting(manager) == count);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  for (size_t i = 0; i < count; i++) {
    assert(pthread_join(threads[i], NULL) == 0);
    granted += members[i].status == OARLOCK_OK;
  }
  CHECK(granted == count);
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &stats));
  CHECK(stats.held == count && stats.waiting == 0);
  for (size_t i = 0; i < count; i++) {
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, members[i].lock));
  }
  check_done(manager);
}

static void ten_thousand_completions(void) {
  enum { BATCH = 64 };
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_read("a/b");
  oarlock_queue *queue = NULL;
  oarlock_completion completions[BATCH];
  size_t count = 0, drained = 0, in_order = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&queue, NULL));
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (size_t i = 0; i < CROWD; i++) {
    oarlock_state state = 0;
    CHECK_STATUS(OARLOCK_OK,
                 oarlock_enqueue_queue(manager, &claim, 1, NULL, OARLOCK_FOREVER, queue,
                                       &members[i], &members[i].lock, &state, NULL, NULL));
    CHECK(state == OARLOCK_WAITING);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  do {
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(queue, completions, BATCH, &count));
    for (size_t i = 0; i < count; i++, drained++) {
      const struct member *const member = (const struct member *)completions[i].user_data;
      in_order += completions[i].status == OARLOCK_OK && member == &members[drained] &&
                  completions[i].lock == member->lock;
      CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, completions[i].lock));
    }
  } while (count > 0);
  CHECK(drained == CROWD && in_order == CROWD);
  oarlock_queue_free(queue);
  check_done(manager);
}

/* Called on the timer's thread, or inside the release. */
static void on_member(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                      const oarlock_error *error) {
  struct member *const member = (struct member *)data;
  (void)token, (void)error;
  member->called++;
  member->status = status;
  member->lock = lock;
}

static void on_member_drop(void *data) {
  struct member *const member = (struct member *)data;
  oarlock_queue_post(member->queue, member);
}

/* Two thirds are due soon, at different times; the others in an hour. */
static void ten_thousand_timeouts(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  oarlock_queue *queue = NULL;
  oarlock_completion completion;
  size_t count = 0, late = 0, granted = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&queue, NULL));
  oarlock_lock held = check_hold(manager, claim);
  for (size_t i = 0; i < CROWD; i++) {
    struct member *const member = &members[i];
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    memset(member, 0, sizeof *member);
    member->queue = queue;
    const int64_t timeout = i % 3 == 0 ? CHECK_HOUR : (int64_t)(1 + i * 7919 % 200) * CHECK_SOON;
    CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(manager, &claim, 1, NULL, timeout, on_member,
                                                      member, on_member_drop, &lock, &state, NULL,
                                                      NULL));
    CHECK(state == OARLOCK_WAITING);
  }
  const size_t due = CROWD - (CROWD + 2) / 3;
  for (size_t i = 0; i < CROWD; i++) {
    CHECK_STATUS(OARLOCK_OK,
                 oarlock_queue_wait(queue, OARLOCK_FOREVER, &completion, 1, &count));
    const struct member *const member = (const struct member *)completion.user_data;
    CHECK(count == 1 && member->called == 1);
    late += member->status == OARLOCK_ERR_TIMEOUT;
    if (member->status == OARLOCK_OK) {
      granted++;
      held = member->lock;
    }
    /* Those that are due in an hour follow each other when the others are over. */
    if (i + 1 >= due) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  }
  CHECK(late == due && granted == CROWD - due);
  CHECK(own_waiting(manager) == 0);
  oarlock_queue_free(queue);
  check_done(manager);
}

int main(void) {
  RUN(ten_thousand_completions);
  RUN(ten_thousand_timeouts);
  RUN(ten_thousand_threads_on_one_path);
  RUN(ten_thousand_threads_on_as_many_paths);
  return check_failed_tests != 0;
}
