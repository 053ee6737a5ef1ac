/* Many threads on one manager. */
#include "check.h"

enum { THREADS = 4, ROUNDS = 500 };

struct shared {
  oarlock_manager *manager;
  long left, right;           /* guarded by write locks on "left" and "right" */
  uint64_t left_token;        /* guarded likewise: the last holder's */
  int token_went_back;        /* guarded by "left" */
};

/* Adds to both counters under one request, or to one under one, in turn. */
static void *add(void *data) {
  struct shared *const shared = (struct shared *)data;
  const oarlock_claim both[2] = {oarlock_write("left"), oarlock_write("right")};
  for (int i = 0; i < ROUNDS; i++) {
    oarlock_lock lock = 0;
    uint64_t token = 0;
    const size_t count = i % 3 == 0 ? 2 : 1;
    const oarlock_status status = oarlock_acquire(shared->manager, both, count, NULL,
                                                  OARLOCK_FOREVER, &lock, &token, NULL);
    assert(status == OARLOCK_OK);
    /* Two steps, so that a second holder would be seen. */
    const long left = shared->left;
    const long right = shared->right;
    if (token <= shared->left_token) shared->token_went_back = 1;
    shared->left_token = token;
    if (i % 50 == 0) check_pause();
    shared->left = left + 1;
    if (count == 2) shared->right = right + 1;
    assert(oarlock_release(shared->manager, lock) == OARLOCK_OK);
  }
  return NULL;
}

static void writers_exclude_each_other(void) {
  struct shared shared = {check_manager(), 0, 0, 0, 0};
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) assert(pthread_create(&threads[i], NULL, add, &shared) == 0);
  for (int i = 0; i < THREADS; i++) assert(pthread_join(threads[i], NULL) == 0);
  CHECK(shared.left == (long)THREADS * ROUNDS);
  CHECK(shared.right == (long)THREADS * ((ROUNDS + 2) / 3));
  CHECK(!shared.token_went_back);
  check_done(shared.manager);
}

struct race {
  oarlock_manager *manager;
  pthread_barrier_t barrier;
  oarlock_lock held, waiting; /* written by the main thread before the barrier */
  oarlock_status cancelled;   /* read by the main thread after the second one */
  int outcomes;               /* by the callback; read after the second barrier */
  oarlock_status outcome;
};

static void on_race(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                    const oarlock_error *error) {
  struct race *const race = (struct race *)data;
  (void)token, (void)error;
  race->outcomes++;
  race->outcome = status;
  if (status == OARLOCK_OK) oarlock_release(race->manager, lock);
}

static void *cancel_racing(void *data) {
  struct race *const race = (struct race *)data;
  for (int i = 0; i < ROUNDS; i++) {
    pthread_barrier_wait(&race->barrier);
    race->cancelled = oarlock_cancel(race->manager, race->waiting);
    pthread_barrier_wait(&race->barrier);
  }
  return NULL;
}

/* One thread cancels what another one's release grants: exactly one wins, and
 * both learn the same. */
static void cancel_and_grant_race(void) {
  struct race race;
  const oarlock_claim claim = oarlock_write("a");
  pthread_t thread;
  memset(&race, 0, sizeof race);
  race.manager = check_manager();
  assert(pthread_barrier_init(&race.barrier, NULL, 2) == 0);
  assert(pthread_create(&thread, NULL, cancel_racing, &race) == 0);
  for (int i = 0; i < ROUNDS; i++) {
    race.held = check_hold(race.manager, claim);
    race.waiting = check_queue(race.manager, claim);
    pthread_barrier_wait(&race.barrier);
    assert(oarlock_release(race.manager, race.held) == OARLOCK_OK);
    pthread_barrier_wait(&race.barrier);
    const int granted = race.cancelled == OARLOCK_ERR_GRANTED;
    CHECK(granted || race.cancelled == OARLOCK_OK);
    CHECK_STATUS(granted ? OARLOCK_OK : OARLOCK_ERR_STALE,
                 oarlock_release(race.manager, race.waiting));
  }
  assert(pthread_join(thread, NULL) == 0);
  pthread_barrier_destroy(&race.barrier);
  check_done(race.manager);
}

static void cancel_and_callback_race(void) {
  struct race race;
  const oarlock_claim claim = oarlock_write("a");
  pthread_t thread;
  memset(&race, 0, sizeof race);
  race.manager = check_manager();
  assert(pthread_barrier_init(&race.barrier, NULL, 2) == 0);
  assert(pthread_create(&thread, NULL, cancel_racing, &race) == 0);
  for (int i = 0; i < ROUNDS; i++) {
    oarlock_state state = 0;
    race.outcomes = 0;
    race.held = check_hold(race.manager, claim);
    CHECK_STATUS(OARLOCK_OK,
                 oarlock_enqueue_callback(race.manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                          on_race, &race, NULL, &race.waiting, &state, NULL,
                                          NULL));
    pthread_barrier_wait(&race.barrier);
    assert(oarlock_release(race.manager, race.held) == OARLOCK_OK);
    pthread_barrier_wait(&race.barrier);
    CHECK(race.outcomes == 1);
    if (race.cancelled == OARLOCK_OK) {
      CHECK_STATUS(OARLOCK_ERR_CANCELLED, race.outcome);
    } else {
      /* Granted; perhaps released already by the callback. */
      CHECK(race.cancelled == OARLOCK_ERR_GRANTED || race.cancelled == OARLOCK_ERR_STALE);
      CHECK_STATUS(OARLOCK_OK, race.outcome);
    }
  }
  assert(pthread_join(thread, NULL) == 0);
  pthread_barrier_destroy(&race.barrier);
  check_done(race.manager);
}

static void *release_elsewhere(void *data) {
  struct race *const race = (struct race *)data;
  race->outcome = oarlock_release(race->manager, race->held);
  return NULL;
}

static void a_lock_belongs_to_no_thread(void) {
  struct race race;
  pthread_t thread;
  memset(&race, 0, sizeof race);
  race.manager = check_manager();
  race.held = check_hold(race.manager, oarlock_write("a"));
  assert(pthread_create(&thread, NULL, release_elsewhere, &race) == 0);
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, race.outcome);
  check_done(race.manager);
}

int main(void) {
  RUN(writers_exclude_each_other);
  RUN(cancel_and_grant_race);
  RUN(cancel_and_callback_race);
  RUN(a_lock_belongs_to_no_thread);
  return check_failed_tests != 0;
}
