/* A forked child is refused, at once, and the parent does not notice. */
#include "check.h"

#include <sys/types.h>
#include <sys/wait.h>

/* Runs a function in a forked child; whether all its checks held there. */
static int in_child(void (*body)(void *), void *data) {
  fflush(NULL);
  const pid_t child = fork();
  assert(child >= 0);
  if (child == 0) {
    check_failures = 0;
    alarm(60);
    body(data);
    fflush(NULL);
    _exit(check_failures == 0 ? 0 : 1);
  }
  int status = -1;
  assert(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct before {
  oarlock_manager *manager;
  oarlock_lock held, waiting;
  int called, dropped;
};

static void on_outcome(void *data, oarlock_status status, oarlock_lock lock, uint64_t token) {
  (void)status, (void)lock, (void)token;
  ((struct before *)data)->called++;
}

static void on_drop(void *data) { ((struct before *)data)->dropped++; }

static void use_everything(void *data) {
  struct before *const before = (struct before *)data;
  oarlock_manager *const manager = before->manager;
  const oarlock_claim claim = oarlock_write("elsewhere");
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  uint64_t token = 9;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_FORKED,
               oarlock_acquire(manager, &claim, 1, OARLOCK_FOREVER, &lock, &token, &error));
  CHECK(lock == 0 && token == 0 && oarlock_error_code(error) == OARLOCK_ERR_FORKED);
  oarlock_error_free(error);
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_try_acquire(manager, &claim, 1, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_enqueue(manager, &claim, 1, &lock, &state, NULL));
  CHECK_STATUS(OARLOCK_ERR_FORKED,
               oarlock_enqueue_callback(manager, &claim, 1, on_outcome, before, on_drop, &lock,
                                        &state, NULL));
  CHECK(before->called == 0 && before->dropped == 1);
  CHECK_STATUS(OARLOCK_ERR_FORKED,
               oarlock_wait(manager, before->waiting, OARLOCK_FOREVER, NULL));
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_lock_state(manager, before->held, &state));
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_lock_token(manager, before->held, &token));
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_cancel(manager, before->waiting));
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_release(manager, before->held));
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_manager_close(manager));
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_manager_check(manager));
  oarlock_manager_free(manager);
}

static void a_child_is_refused_and_the_parent_goes_on(void) {
  struct before before = {check_manager(), 0, 0, 0, 0};
  oarlock_state state = 0;
  before.held = check_hold(before.manager, oarlock_write("a"));
  before.waiting = check_queue(before.manager, oarlock_write("a"));
  CHECK(in_child(use_everything, &before));
  CHECK(before.dropped == 0);
  CHECK(check_free(before.manager, oarlock_write("elsewhere")));
  CHECK_STATUS(OARLOCK_OK, oarlock_lock_state(before.manager, before.waiting, &state));
  CHECK(state == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(before.manager, before.held));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(before.manager, before.waiting, 0, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(before.manager, before.waiting));
  check_done(before.manager);
}

static void use_a_new_one(void *data) {
  oarlock_manager *const manager = check_manager();
  (void)data;
  const oarlock_lock lock = check_hold(manager, oarlock_write("a"));
  CHECK(!check_free(manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void in_grandchild(void *data) {
  oarlock_manager *const manager = check_manager();
  struct before before = {manager, 0, 0, 0, 0};
  (void)data;
  before.held = check_hold(manager, oarlock_write("a"));
  before.waiting = check_queue(manager, oarlock_write("a"));
  CHECK(in_child(use_everything, &before));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, before.held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, before.waiting));
  check_done(manager);
}

static void a_child_may_make_its_own(void) {
  oarlock_manager *manager = check_manager();
  CHECK(in_child(use_a_new_one, NULL));
  CHECK(in_child(in_grandchild, NULL));
  check_done(manager);
}

static void use_the_name(void *data) {
  oarlock_manager *mine = NULL, *again = NULL;
  (void)data;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("forked"), &mine, NULL));
  const oarlock_lock lock = check_hold(mine, oarlock_write("a")); /* not the parent's */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("forked"), &again, NULL));
  CHECK(!check_free(again, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(again, lock));
  oarlock_manager_free(again);
  oarlock_manager_free(mine);
}

static void a_name_is_the_childs_own(void) {
  oarlock_manager *manager = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("forked"), &manager, NULL));
  const oarlock_lock lock = check_hold(manager, oarlock_write("a"));
  CHECK(in_child(use_the_name, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

struct busy {
  oarlock_manager *manager;
  pthread_mutex_t mutex; /* guards stop */
  int stop;
};

static void *work(void *data) {
  struct busy *const busy = (struct busy *)data;
  int stop = 0;
  while (!stop) {
    const oarlock_lock lock = check_hold(busy->manager, oarlock_write("busy"));
    oarlock_release(busy->manager, lock);
    pthread_mutex_lock(&busy->mutex);
    stop = busy->stop;
    pthread_mutex_unlock(&busy->mutex);
  }
  return NULL;
}

static void try_busy(void *data) {
  struct busy *const busy = (struct busy *)data;
  const oarlock_claim claim = oarlock_write("busy");
  oarlock_lock lock = 0;
  CHECK_STATUS(OARLOCK_ERR_FORKED,
               oarlock_acquire(busy->manager, &claim, 1, OARLOCK_FOREVER, &lock, NULL, NULL));
  oarlock_manager_free(busy->manager);
}

/* Forks while another thread is in and out of the internal locks: a child that
 * touched one that was held would hang. */
static void a_fork_in_the_middle_of_work(void) {
  struct busy busy = {check_manager(), PTHREAD_MUTEX_INITIALIZER, 0};
  pthread_t thread;
  assert(pthread_create(&thread, NULL, work, &busy) == 0);
  for (int i = 0; i < 20; i++) CHECK(in_child(try_busy, &busy));
  pthread_mutex_lock(&busy.mutex);
  busy.stop = 1;
  pthread_mutex_unlock(&busy.mutex);
  assert(pthread_join(thread, NULL) == 0);
  check_done(busy.manager);
}

int main(void) {
  RUN(a_child_is_refused_and_the_parent_goes_on);
  RUN(a_child_may_make_its_own);
  RUN(a_name_is_the_childs_own);
  RUN(a_fork_in_the_middle_of_work);
  return check_failed_tests != 0;
}
