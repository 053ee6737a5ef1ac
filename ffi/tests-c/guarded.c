/* Plain data, guarded by locks that are waited for in every way. A tool that sees
 * races must see none; with the argument "unguarded" it must see one. */
#include "check.h"

#include <sched.h>

enum { THREADS = 4, ROUNDS = 60 };

struct shared {
  oarlock_manager *manager;
  int guarded;
  long value, twice; /* guarded by "data" */
};

/* One thread's view. */
struct worker {
  struct shared *shared;
  oarlock_queue *queue;
  pthread_mutex_t mutex; /* guards lock and done, which callbacks set */
  pthread_cond_t changed;
  oarlock_lock lock;
  int done;
  long writes;
};

static oarlock_claim writing(void) { return oarlock_write("data"); }
static oarlock_claim reading(void) { return oarlock_read("data/below"); }

static void change(struct worker *worker) {
  struct shared *const shared = worker->shared;
  assert(shared->twice == 2 * shared->value);
  shared->value++;
  shared->twice += 2;
  worker->writes++;
}

static void look(struct worker *worker) {
  assert(worker->shared->twice == 2 * worker->shared->value);
}

static void end(struct worker *worker, oarlock_lock lock) {
  assert(oarlock_release(worker->shared->manager, lock) == OARLOCK_OK);
}

static oarlock_lock acquire(struct worker *worker, oarlock_claim claim, int64_t timeout) {
  oarlock_lock lock = 0;
  assert(oarlock_acquire(worker->shared->manager, &claim, 1, NULL, timeout, &lock, NULL, NULL) ==
         OARLOCK_OK);
  return lock;
}

static void by_acquire(struct worker *worker) {
  const oarlock_lock lock = acquire(worker, writing(), OARLOCK_FOREVER);
  change(worker);
  end(worker, lock);
}

static void by_acquire_with_a_timeout(struct worker *worker) {
  const oarlock_lock lock = acquire(worker, writing(), CHECK_HOUR);
  change(worker);
  end(worker, lock);
}

static void by_reading(struct worker *worker) {
  const oarlock_lock lock = acquire(worker, reading(), OARLOCK_FOREVER);
  look(worker);
  end(worker, lock);
}

static void by_trying(struct worker *worker) {
  const oarlock_claim claim = writing();
  oarlock_lock lock = 0;
  while (oarlock_try_acquire(worker->shared->manager, &claim, 1, NULL, &lock, NULL, NULL) !=
         OARLOCK_OK) {
    sched_yield();
  }
  change(worker);
  end(worker, lock);
}

static oarlock_lock enqueue(struct worker *worker) {
  const oarlock_claim claim = writing();
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  assert(oarlock_enqueue(worker->shared->manager, &claim, 1, NULL, &lock, &state, NULL, NULL) ==
         OARLOCK_OK);
  return lock;
}

static void by_waiting(struct worker *worker) {
  const oarlock_lock lock = enqueue(worker);
  assert(oarlock_wait(worker->shared->manager, lock, OARLOCK_FOREVER, NULL, NULL) == OARLOCK_OK);
  change(worker);
  end(worker, lock);
}

static void by_asking(struct worker *worker) {
  const oarlock_lock lock = enqueue(worker);
  while (check_state(worker->shared->manager, lock) != OARLOCK_GRANTED) sched_yield();
  change(worker);
  end(worker, lock);
}

static void say_done(struct worker *worker, oarlock_lock lock) {
  pthread_mutex_lock(&worker->mutex);
  worker->lock = lock;
  worker->done = 1;
  pthread_cond_signal(&worker->changed);
  pthread_mutex_unlock(&worker->mutex);
}

static oarlock_lock await_done(struct worker *worker) {
  pthread_mutex_lock(&worker->mutex);
  while (!worker->done) pthread_cond_wait(&worker->changed, &worker->mutex);
  worker->done = 0;
  const oarlock_lock lock = worker->lock;
  pthread_mutex_unlock(&worker->mutex);
  return lock;
}

/* Works in the callback, on whichever thread that is. */
static void on_grant_work(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                          const oarlock_error *error) {
  struct worker *const worker = (struct worker *)data;
  (void)token, (void)error;
  assert(status == OARLOCK_OK);
  change(worker);
  end(worker, lock);
  say_done(worker, 0);
}

/* Hands the lock to the thread that asked for it. */
static void on_grant_hand_over(void *data, oarlock_status status, oarlock_lock lock,
                               uint64_t token, const oarlock_error *error) {
  (void)token, (void)error;
  assert(status == OARLOCK_OK);
  say_done((struct worker *)data, lock);
}

static void by_callback(struct worker *worker, oarlock_callback callback) {
  const oarlock_claim claim = writing();
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  assert(oarlock_enqueue_callback(worker->shared->manager, &claim, 1, NULL, CHECK_HOUR, callback,
                                  worker, NULL, &lock, &state, NULL, NULL) == OARLOCK_OK);
  if (state == OARLOCK_WAITING) lock = await_done(worker);
  if (lock == 0) return;
  change(worker);
  end(worker, lock);
}

static void in_a_callback(struct worker *worker) { by_callback(worker, on_grant_work); }
static void after_a_callback(struct worker *worker) { by_callback(worker, on_grant_hand_over); }

static void by_queue(struct worker *worker) {
  const oarlock_claim claim = writing();
  oarlock_completion completion;
  size_t count = 0;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  assert(oarlock_enqueue_queue(worker->shared->manager, &claim, 1, NULL, CHECK_HOUR,
                               worker->queue, NULL, &lock, &state, NULL, NULL) == OARLOCK_OK);
  if (state == OARLOCK_WAITING) {
    assert(oarlock_queue_wait(worker->queue, OARLOCK_FOREVER, &completion, 1, &count) ==
           OARLOCK_OK);
    assert(completion.status == OARLOCK_OK);
    lock = completion.lock;
  }
  change(worker);
  end(worker, lock);
}

/* Reads, then writes, then reads, without letting go. */
static void by_upgrade(struct worker *worker) {
  oarlock_manager *const manager = worker->shared->manager;
  const oarlock_lock lock = acquire(worker, oarlock_read("data"), OARLOCK_FOREVER);
  look(worker);
  if (oarlock_upgrade(manager, lock, OARLOCK_FOREVER, NULL, NULL) == OARLOCK_OK) {
    change(worker);
    assert(oarlock_downgrade(manager, lock) == OARLOCK_OK);
    look(worker);
  }
  end(worker, lock);
}

static void by_a_part(struct worker *worker) {
  oarlock_manager *const manager = worker->shared->manager;
  const oarlock_claim claims[] = {oarlock_write("data"), oarlock_write("more")};
  oarlock_lock lock = 0;
  assert(oarlock_acquire(manager, claims, 2, NULL, OARLOCK_FOREVER, &lock, NULL, NULL) ==
         OARLOCK_OK);
  change(worker);
  assert(oarlock_release_part(manager, lock, oarlock_path_of("data"), NULL) == OARLOCK_OK);
  end(worker, lock);
}

static void *work(void *data) {
  static void (*const ways[])(struct worker *) = {
      by_acquire, by_acquire_with_a_timeout, by_reading, by_trying,  by_waiting, by_asking,
      in_a_callback, after_a_callback, by_queue, by_upgrade, by_a_part,
  };
  struct worker *const worker = (struct worker *)data;
  for (int i = 0; i < ROUNDS; i++) {
    if (!worker->shared->guarded) {
      worker->shared->value++;
      continue;
    }
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) ways[way](worker);
  }
  return NULL;
}

static void run(int guarded) {
  struct shared shared = {check_manager(), guarded, 0, 0};
  struct worker workers[THREADS];
  pthread_t threads[THREADS];
  long writes = 0;
  for (int i = 0; i < THREADS; i++) {
    memset(&workers[i], 0, sizeof workers[i]);
    workers[i].shared = &shared;
    assert(oarlock_queue_new(&workers[i].queue, NULL) == OARLOCK_OK);
    assert(pthread_mutex_init(&workers[i].mutex, NULL) == 0);
    assert(pthread_cond_init(&workers[i].changed, NULL) == 0);
  }
  for (int i = 0; i < THREADS; i++) {
    assert(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) {
    assert(pthread_join(threads[i], NULL) == 0);
    writes += workers[i].writes;
    oarlock_queue_free(workers[i].queue);
    pthread_mutex_destroy(&workers[i].mutex);
    pthread_cond_destroy(&workers[i].changed);
  }
  CHECK(!guarded || (shared.value == writes && shared.twice == 2 * writes));
  check_done(shared.manager);
}

static void every_way_to_wait_guards_plain_data(void) { run(1); }

int main(int count, char **arguments) {
  if (count > 1 && strcmp(arguments[1], "unguarded") == 0) {
    run(0);
    return 0;
  }
  RUN(every_way_to_wait_guards_plain_data);
  return check_failed_tests != 0;
}
