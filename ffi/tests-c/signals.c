/* Signals that arrive during waits: the wait goes on. The library installs no
 * handlers and changes no masks. What pthread_cancel does to a thread that waits.
 * skip: tsan because it puts handlers off while a thread is in a wait of the kernel's
 */
#include "own.h"

#include <errno.h>
#include <poll.h>

enum { SIGNALS = 20, LAST_SIGNAL = 64 };

/* Atomic for other threads, too, which C99 has no type for. */
static int handled, pipes, wrong;

static int get(const int *place) { return __atomic_load_n(place, __ATOMIC_SEQ_CST); }
static void add(int *place) { __atomic_fetch_add(place, 1, __ATOMIC_SEQ_CST); }

/* What may be called in a handler. */
static void on_signal(int number) {
  const int kept = errno;
  const int64_t now = oarlock_now();
  (void)number;
  if (now <= 0 || oarlock_until(now) != 0 || oarlock_until(INT64_MAX) <= 0) add(&wrong);
  if (oarlock_status_name(OARLOCK_ERR_STALE)[0] != 's') add(&wrong);
  if (oarlock_status_message(OARLOCK_OK)[0] == 0) add(&wrong);
  if (oarlock_version()[0] == 0 || oarlock_version_number() == 0) add(&wrong);
  add(&handled);
  errno = kept;
}

static void on_pipe(int number) {
  (void)number;
  add(&pipes);
}

static void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action;
  check_default(number);
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = flags;
  assert(sigemptyset(&action.sa_mask) == 0 && sigaction(number, &action, NULL) == 0);
}

struct waiter {
  oarlock_manager *manager;
  oarlock_queue *queue;
  oarlock_lock lock;
  int64_t timeout;
  oarlock_status status;
  int64_t began, ended;
  int fd, interrupted;
  void *(*way)(void *);
  pthread_mutex_t mutex; /* guards over */
  int over;
};

/* Waits in its way, and says when that is over. */
static void *wait_somehow(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  waiter->way(waiter);
  pthread_mutex_lock(&waiter->mutex);
  waiter->over = 1;
  pthread_mutex_unlock(&waiter->mutex);
  return NULL;
}

static void *acquire(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  const oarlock_claim claim = oarlock_write("a");
  waiter->began = oarlock_now();
  waiter->status = oarlock_acquire(waiter->manager, &claim, 1, NULL, waiter->timeout,
                                   &waiter->lock, NULL, NULL);
  waiter->ended = oarlock_now();
  return NULL;
}

static void *wait_for(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  waiter->began = oarlock_now();
  waiter->status = oarlock_wait(waiter->manager, waiter->lock, waiter->timeout, NULL, NULL);
  waiter->ended = oarlock_now();
  return NULL;
}

static void *upgrade(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  waiter->began = oarlock_now();
  waiter->status = oarlock_upgrade(waiter->manager, waiter->lock, waiter->timeout, NULL, NULL);
  waiter->ended = oarlock_now();
  return NULL;
}

static void *fetch(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  oarlock_completion completion;
  size_t count = 0;
  waiter->began = oarlock_now();
  waiter->status =
      oarlock_queue_wait(waiter->queue, waiter->timeout, &completion, 1, &count);
  waiter->ended = oarlock_now();
  if (waiter->status == OARLOCK_OK) waiter->lock = completion.lock;
  return NULL;
}

/* poll itself is interrupted, and goes on when it is called again. */
static void *poll_for(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  struct pollfd polled = {waiter->fd, POLLIN, 0};
  oarlock_completion completion;
  size_t count = 0;
  while (poll(&polled, 1, -1) < 0) {
    assert(errno == EINTR);
    waiter->interrupted++;
  }
  waiter->status = oarlock_queue_drain(waiter->queue, &completion, 1, &count);
  if (waiter->status == OARLOCK_OK && count == 1) waiter->lock = completion.lock;
  return NULL;
}

/* Signals the thread often, each time after the one before was handled. */
static void bother(pthread_t thread) {
  for (int i = 0; i < SIGNALS; i++) {
    const int before = get(&handled);
    assert(pthread_kill(thread, SIGUSR1) == 0);
    EVENTUALLY(get(&handled) != before);
  }
}

/* Signals the thread until its wait is over. */
static void bother_to_the_end(struct waiter *waiter, pthread_t thread) {
  int over = 0;
  while (!over) {
    pthread_mutex_lock(&waiter->mutex);
    over = waiter->over;
    pthread_mutex_unlock(&waiter->mutex);
    if (!over) assert(pthread_kill(thread, SIGUSR1) == 0);
    check_pause();
  }
}

static void waits_go_on(int flags) {
  oarlock_manager *const manager = check_manager();
  struct waiter waiter;
  pthread_t thread;
  oarlock_state state = 0;
  oarlock_lock held, other;
  handle(SIGUSR1, on_signal, flags);

  memset(&waiter, 0, sizeof waiter);
  waiter.manager = manager;
  waiter.timeout = OARLOCK_FOREVER;
  for (int timed = 0; timed < 2; timed++) {
    waiter.timeout = timed ? CHECK_HOUR : OARLOCK_FOREVER;
    held = check_hold(manager, oarlock_write("a"));
    assert(pthread_create(&thread, NULL, acquire, &waiter) == 0);
    EVENTUALLY(own_waiting(manager) == 1);
    bother(thread);
    CHECK(own_waiting(manager) == 1);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    assert(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, waiter.status);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiter.lock));

    held = check_hold(manager, oarlock_write("a"));
    waiter.lock = check_queue(manager, oarlock_write("a"));
    assert(pthread_create(&thread, NULL, wait_for, &waiter) == 0);
    bother(thread);
    CHECK(check_state(manager, waiter.lock) == OARLOCK_WAITING);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    assert(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, waiter.status);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiter.lock));

    waiter.lock = check_hold(manager, oarlock_read("a"));
    other = check_hold(manager, oarlock_read("a"));
    assert(pthread_create(&thread, NULL, upgrade, &waiter) == 0);
    EVENTUALLY(oarlock_upgrade_state(manager, waiter.lock, &state, NULL) == OARLOCK_OK &&
               state == OARLOCK_WAITING);
    bother(thread);
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_state(manager, waiter.lock, &state, NULL));
    CHECK(state == OARLOCK_WAITING);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, other));
    assert(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, waiter.status);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiter.lock));
  }
  check_done(manager);
}

static void a_wait_goes_on_after_a_signal(void) { waits_go_on(0); }
static void a_wait_goes_on_after_a_signal_that_restarts(void) { waits_go_on(SA_RESTART); }

static void a_queue_is_waited_for_and_polled_in_spite_of_signals(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  void *(*const ways[])(void *) = {fetch, poll_for};
  struct waiter waiter;
  memset(&waiter, 0, sizeof waiter);
  waiter.manager = manager;
  waiter.timeout = OARLOCK_FOREVER;
  handle(SIGUSR1, on_signal, 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&waiter.queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_fd(waiter.queue, &waiter.fd));
  for (int i = 0; i < 2; i++) {
    pthread_t thread;
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    const oarlock_lock held = check_hold(manager, claim);
    CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_queue(manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                                   waiter.queue, NULL, &lock, &state, NULL, NULL));
    assert(pthread_create(&thread, NULL, ways[i], &waiter) == 0);
    bother(thread);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    assert(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(OARLOCK_OK, waiter.status);
    CHECK(waiter.lock == lock);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiter.lock));
  }
  oarlock_queue_free(waiter.queue);
  check_done(manager);
}

/* Neither earlier nor, by beginning anew each time, never. */
static void a_timeout_is_kept_in_spite_of_signals(void) {
  oarlock_manager *const manager = check_manager();
  void *(*const ways[])(void *) = {acquire, wait_for, upgrade, fetch};
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waiting = check_queue(manager, oarlock_write("a"));
  const oarlock_lock reading = check_hold(manager, oarlock_read("b"));
  const oarlock_lock other = check_hold(manager, oarlock_read("b"));
  struct waiter waiter;
  memset(&waiter, 0, sizeof waiter);
  waiter.manager = manager;
  waiter.timeout = 30 * CHECK_SOON;
  assert(pthread_mutex_init(&waiter.mutex, NULL) == 0);
  handle(SIGUSR1, on_signal, 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&waiter.queue, NULL));
  for (int i = 0; i < 4; i++) {
    pthread_t thread;
    waiter.lock = i == 1 ? waiting : reading;
    waiter.way = ways[i];
    waiter.over = 0;
    assert(pthread_create(&thread, NULL, wait_somehow, &waiter) == 0);
    bother_to_the_end(&waiter, thread);
    assert(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(OARLOCK_ERR_TIMEOUT, waiter.status);
    CHECK(waiter.ended - waiter.began >= waiter.timeout);
  }
  pthread_mutex_destroy(&waiter.mutex);
  oarlock_queue_free(waiter.queue);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, other));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, reading));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiting));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

static void no_handler_and_no_mask_is_changed(void) {
  struct sigaction before[LAST_SIGNAL + 1], after;
  sigset_t mask_before, mask_after;
  memset(before, 0, sizeof before);
  handle(SIGPIPE, on_pipe, 0);
  for (int i = 1; i <= LAST_SIGNAL; i++) sigaction(i, NULL, &before[i]);
  assert(pthread_sigmask(SIG_SETMASK, NULL, &mask_before) == 0);
  own_everything();
  assert(pthread_sigmask(SIG_SETMASK, NULL, &mask_after) == 0);
  for (int i = 1; i <= LAST_SIGNAL; i++) {
    memset(&after, 0, sizeof after);
    if (sigaction(i, NULL, &after) != 0) continue;
    CHECK(after.sa_handler == before[i].sa_handler);
    CHECK(sigismember(&mask_before, i) == sigismember(&mask_after, i));
  }
  CHECK(get(&pipes) == 0 && get(&wrong) == 0);
}

static void give_back(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  if (waiter->lock != 0) waiter->status = oarlock_release(waiter->manager, waiter->lock);
}

/* As the header wants it: not cancelled inside a call. */
static void *acquire_until_cancelled(void *data) {
  struct waiter *const waiter = (struct waiter *)data;
  const oarlock_claim claim = oarlock_write("a");
  int before = 0;
  pthread_cleanup_push(give_back, waiter);
  for (;;) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    const oarlock_status status = oarlock_acquire(waiter->manager, &claim, 1, NULL,
                                                  OARLOCK_FOREVER, &waiter->lock, NULL, NULL);
    pthread_setcancelstate(before, NULL);
    assert(status == OARLOCK_OK);
    pthread_testcancel();
    assert(oarlock_release(waiter->manager, waiter->lock) == OARLOCK_OK);
    waiter->lock = 0;
  }
  pthread_cleanup_pop(0);
  return NULL;
}

static void a_cancelled_thread_waits_to_the_end(void) {
  oarlock_manager *const manager = check_manager();
  struct waiter waiter;
  pthread_t thread;
  void *result = NULL;
  memset(&waiter, 0, sizeof waiter);
  waiter.manager = manager;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  assert(pthread_create(&thread, NULL, acquire_until_cancelled, &waiter) == 0);
  EVENTUALLY(own_waiting(manager) == 1);
  assert(pthread_cancel(thread) == 0);
  CHECK(own_waiting(manager) == 1);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  assert(pthread_join(thread, &result) == 0);
  CHECK(result == PTHREAD_CANCELED);
  CHECK_STATUS(OARLOCK_OK, waiter.status);
  check_done(manager);
}

int main(void) {
  RUN(no_handler_and_no_mask_is_changed);
  RUN(a_wait_goes_on_after_a_signal);
  RUN(a_wait_goes_on_after_a_signal_that_restarts);
  RUN(a_queue_is_waited_for_and_polled_in_spite_of_signals);
  RUN(a_timeout_is_kept_in_spite_of_signals);
  RUN(a_cancelled_thread_waits_to_the_end);
  return check_failed_tests != 0 || get(&wrong) || get(&pipes);
}
