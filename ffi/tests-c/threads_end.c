/* Threads that end while they hold, wait, or have something to be called; and a
 * process that ends while they do. */
#include "child.h"
#include "own.h"

struct holder {
  oarlock_manager *manager;
  oarlock_lock lock;
  struct told *told;
  oarlock_queue *queue;
  pthread_t ended_on; /* for a destructor */
};

static void *hold_and_end(void *data) {
  struct holder *const holder = (struct holder *)data;
  holder->lock = check_hold(holder->manager, oarlock_write("a"));
  return NULL;
}

static void *release(void *data) {
  struct holder *const holder = (struct holder *)data;
  assert(oarlock_release(holder->manager, holder->lock) == OARLOCK_OK);
  return NULL;
}

/* Runs it on a thread of its own, to the end. */
static void on_a_thread(void *(*work)(void *), void *data) {
  pthread_t thread;
  assert(pthread_create(&thread, NULL, work, data) == 0);
  assert(pthread_join(thread, NULL) == 0);
}

static void what_a_thread_held_stays_held(void) {
  struct holder holder = {check_manager(), 0, NULL, NULL, pthread_self()};
  on_a_thread(hold_and_end, &holder);
  CHECK(!check_free(holder.manager, oarlock_read("a")));
  CHECK(check_state(holder.manager, holder.lock) == OARLOCK_GRANTED);
  on_a_thread(release, &holder);
  check_done(holder.manager);
}

static void *enqueue_and_end(void *data) {
  struct holder *const holder = (struct holder *)data;
  const oarlock_claim claim = oarlock_read("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  assert(told_enqueue(holder->told, claim, NULL, CHECK_HOUR, &lock, &state) == OARLOCK_OK);
  assert(state == OARLOCK_WAITING);
  assert(oarlock_enqueue_queue(holder->manager, &claim, 1, NULL, CHECK_HOUR, holder->queue,
                               holder, &lock, &state, NULL, NULL) == OARLOCK_OK);
  assert(state == OARLOCK_WAITING);
  return NULL;
}

static void what_a_thread_enqueued_goes_on_waiting(void) {
  oarlock_manager *const manager = check_manager();
  struct told told = TOLD_INIT(manager);
  struct holder holder = {manager, 0, &told, NULL, pthread_self()};
  oarlock_completion completion;
  size_t count = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&holder.queue, NULL));
  on_a_thread(hold_and_end, &holder);
  on_a_thread(enqueue_and_end, &holder);
  CHECK(told_nothing(&told) && own_waiting(manager) == 2);
  on_a_thread(release, &holder);
  CHECK(told_times(&told, 1) && told.status == OARLOCK_OK);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(holder.queue, &completion, 1, &count));
  CHECK(count == 1 && completion.user_data == &holder && completion.status == OARLOCK_OK);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, told.lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, completion.lock));
  oarlock_queue_free(holder.queue);
  check_done(manager);
}

static pthread_key_t key; /* made before the threads, with release_at_the_end */

static void release_at_the_end(void *data) {
  struct holder *const holder = (struct holder *)data;
  holder->ended_on = pthread_self();
  release(holder);
}

static void *keep_in_a_local(void *data) {
  struct holder *const holder = (struct holder *)data;
  assert(pthread_setspecific(key, holder) == 0);
  return holder->lock == 0 ? hold_and_end(data) : NULL;
}

/* The destructor's release calls back, on a thread whose other locals may be gone. */
static void a_local_of_a_thread_may_release(void) {
  oarlock_manager *const manager = check_manager();
  struct told told = TOLD_INIT(manager);
  struct holder holder = {manager, 0, &told, NULL, pthread_self()};
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  assert(pthread_key_create(&key, release_at_the_end) == 0);
  on_a_thread(keep_in_a_local, &holder);
  CHECK(check_free(manager, oarlock_write("a")));
  CHECK(!pthread_equal(holder.ended_on, pthread_self()));

  holder.lock = check_hold(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&told, oarlock_write("a"), NULL, CHECK_HOUR, &lock, &state));
  on_a_thread(keep_in_a_local, &holder);
  CHECK(told_times(&told, 1) && told.status == OARLOCK_OK);
  CHECK(pthread_equal(told.thread, holder.ended_on));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, told.lock));
  assert(pthread_key_delete(key) == 0);
  check_done(manager);
}

static void *acquire_for_ever(void *data) {
  struct holder *const holder = (struct holder *)data;
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_acquire(holder->manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL);
  return NULL;
}

static void *fetch_for_ever(void *data) {
  struct holder *const holder = (struct holder *)data;
  oarlock_completion completion;
  size_t count = 0;
  oarlock_queue_wait(holder->queue, OARLOCK_FOREVER, &completion, 1, &count);
  return NULL;
}

static void *work_for_ever(void *data) {
  struct holder *const holder = (struct holder *)data;
  const oarlock_claim claim = oarlock_write("b");
  for (;;) {
    oarlock_lock lock = 0;
    const oarlock_status status = oarlock_acquire(holder->manager, &claim, 1, NULL,
                                                  OARLOCK_FOREVER, &lock, NULL, NULL);
    if (status != OARLOCK_OK) return NULL;
    oarlock_release(holder->manager, lock);
  }
}

static void *leave(void *data) {
  (void)data;
  exit(0);
}

static struct holder at_the_end; /* for release_at_exit: set before the threads start */

static void release_at_exit(void) {
  oarlock_release(at_the_end.manager, at_the_end.lock);
  oarlock_manager_close(at_the_end.manager);
}

static void on_watch(void *data, const oarlock_request_info *info) { (void)data, (void)info; }

/* Everything waits or works when the process ends. */
static void live_and_leave(int how) {
  static struct told told; /* it may be called while exit runs */
  struct holder *const holder = &at_the_end;
  void *(*const works[])(void *) = {acquire_for_ever, acquire_for_ever, fetch_for_ever,
                                    work_for_ever, work_for_ever};
  oarlock_watch *watch = NULL;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  holder->manager = check_manager();
  told = (struct told)TOLD_INIT(holder->manager);
  holder->lock = check_hold(holder->manager, oarlock_write("a"));
  assert(oarlock_queue_new(&holder->queue, NULL) == OARLOCK_OK);
  assert(oarlock_watch_new(holder->manager, CHECK_SOON, on_watch, NULL, NULL, &watch, NULL) ==
         OARLOCK_OK);
  assert(told_enqueue(&told, oarlock_write("a"), NULL, 5 * CHECK_SOON, &lock, &state) ==
         OARLOCK_OK);
  for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
    pthread_t thread;
    assert(pthread_create(&thread, NULL, works[i], holder) == 0);
    assert(pthread_detach(thread) == 0);
  }
  if (how == 1) assert(atexit(release_at_exit) == 0);
  for (int looks = 60000; own_waiting(holder->manager) < 2 && looks > 0; looks--) check_pause();
  if (how == 2) {
    pthread_t thread;
    assert(pthread_create(&thread, NULL, leave, NULL) == 0);
    pthread_join(thread, NULL);
  }
  exit(0);
}

/* In a new process each time, which is made before the library is used here. */
static void the_process_may_end_at_any_time(void) {
  for (int i = 0; i < 12; i++) {
    const pid_t child = child_begin();
    if (child == 0) live_and_leave(i % 3);
    CHECK(child_ended_well(child));
  }
}

int main(void) {
  RUN(the_process_may_end_at_any_time);
  RUN(what_a_thread_held_stays_held);
  RUN(what_a_thread_enqueued_goes_on_waiting);
  RUN(a_local_of_a_thread_may_release);
  return check_failed_tests != 0;
}
