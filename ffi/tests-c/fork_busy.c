/* Forks while other threads are in the middle of calls: a child that touched an
 * internal lock that one of them held would hang.
 * skip: tsan because it has no new threads after a fork of many
 */
#include "child.h"
#include "own.h"

enum { WORKERS = 4, FORKS = 40 };

struct busy {
  oarlock_manager *manager;
  oarlock_queue *queue;
  pthread_mutex_t mutex; /* guards what follows */
  int begun, stop;
};

static void begin(struct busy *busy) {
  pthread_mutex_lock(&busy->mutex);
  busy->begun++;
  pthread_mutex_unlock(&busy->mutex);
}

static int all_begun(struct busy *busy) {
  pthread_mutex_lock(&busy->mutex);
  const int all = busy->begun == WORKERS;
  pthread_mutex_unlock(&busy->mutex);
  return all;
}

static int stopped(struct busy *busy) {
  pthread_mutex_lock(&busy->mutex);
  const int stop = busy->stop;
  pthread_mutex_unlock(&busy->mutex);
  return stop;
}

static void *lock_and_look(void *data) {
  struct busy *const busy = (struct busy *)data;
  const oarlock_claim claim = oarlock_write("busy");
  begin(busy);
  while (!stopped(busy)) {
    oarlock_lock lock = 0;
    oarlock_snapshot *snapshot = NULL;
    assert(oarlock_acquire(busy->manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL) ==
           OARLOCK_OK);
    assert(oarlock_inspect(busy->manager, oarlock_path_of(""), &snapshot, NULL) == OARLOCK_OK);
    oarlock_snapshot_free(snapshot);
    assert(oarlock_release(busy->manager, lock) == OARLOCK_OK);
  }
  return NULL;
}

/* Timeouts of a queue, some of which end before their time. */
static void *enqueue_and_fetch(void *data) {
  struct busy *const busy = (struct busy *)data;
  const oarlock_claim claim = oarlock_write("busy");
  int64_t timeout = 1000;
  begin(busy);
  while (!stopped(busy)) {
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    timeout = timeout < CHECK_SOON ? 2 * timeout : 1000;
    const oarlock_status status = oarlock_enqueue_queue(
        busy->manager, &claim, 1, NULL, timeout, busy->queue, NULL, &lock, &state, NULL, NULL);
    assert(status == OARLOCK_OK);
    if (state == OARLOCK_WAITING) {
      oarlock_completion completion;
      size_t count = 0;
      assert(oarlock_queue_wait(busy->queue, OARLOCK_FOREVER, &completion, 1, &count) ==
             OARLOCK_OK);
      lock = completion.lock;
    }
    if (lock != 0) assert(oarlock_release(busy->manager, lock) == OARLOCK_OK);
  }
  return NULL;
}

/* Names, owners and handles that come and go. */
static void *make_and_free(void *data) {
  struct busy *const busy = (struct busy *)data;
  begin(busy);
  while (!stopped(busy)) {
    oarlock_manager *manager = NULL;
    oarlock_queue *queue = NULL;
    assert(oarlock_manager_named(oarlock_str_of("busy"), &manager, NULL) == OARLOCK_OK);
    oarlock_owner_free(check_owner(manager));
    assert(oarlock_queue_new(&queue, NULL) == OARLOCK_OK);
    oarlock_queue_free(queue);
    oarlock_manager_free(manager);
  }
  return NULL;
}

static void try_busy(void *data) {
  struct busy *const busy = (struct busy *)data;
  const oarlock_claim claim = oarlock_write("busy");
  oarlock_completion completion;
  size_t count = 0;
  oarlock_lock lock = 0;
  CHECK_STATUS(OARLOCK_ERR_FORKED, oarlock_acquire(busy->manager, &claim, 1, NULL,
                                                   OARLOCK_FOREVER, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_FORKED,
               oarlock_queue_wait(busy->queue, OARLOCK_FOREVER, &completion, 1, &count));
  oarlock_queue_free(busy->queue);
  oarlock_manager_free(busy->manager);
  own_everything();
}

static void forks_in_the_middle_of_work(void) {
  struct busy busy = {check_manager(), NULL, PTHREAD_MUTEX_INITIALIZER, 0, 0};
  pthread_t threads[WORKERS];
  void *(*const work[WORKERS])(void *) = {lock_and_look, lock_and_look, enqueue_and_fetch,
                                          make_and_free};
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&busy.queue, NULL));
  own_callbacks(); /* begins the library's own thread, which stays for the workers */
  for (int i = 0; i < WORKERS; i++) {
    assert(pthread_create(&threads[i], NULL, work[i], &busy) == 0);
  }
  EVENTUALLY(all_begun(&busy));
  for (int i = 0; i < FORKS; i++) CHECK(in_child(try_busy, &busy));
  pthread_mutex_lock(&busy.mutex);
  busy.stop = 1;
  pthread_mutex_unlock(&busy.mutex);
  for (int i = 0; i < WORKERS; i++) assert(pthread_join(threads[i], NULL) == 0);
  oarlock_queue_free(busy.queue);
  check_done(busy.manager);
}

int main(void) {
  RUN(forks_in_the_middle_of_work);
  return check_failed_tests != 0;
}
