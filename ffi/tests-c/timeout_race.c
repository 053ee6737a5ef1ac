/* A timeout against the grant and against a cancel: exactly one wins, and all hear
 * the same. The moments are drawn; the seed is printed. */
#include "queued.h"
#include "told.h"

enum { ROUNDS = 400, WINDOW = 300000 /* ns in which both fall */ };

/* Passes the time until then, so that two things fall together. */
static void until(int64_t time) {
  while (oarlock_now() < time) {
  }
}

static void by_callback(int cancels) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  uint64_t seed = check_seed();
  int timeouts = 0;
  for (int round = 0; round < ROUNDS; round++) {
    struct told told = TOLD_INIT(manager);
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    oarlock_status cancelled = OARLOCK_ERR_STALE;
    const oarlock_lock held = check_hold(manager, claim);
    const int64_t timeout = 1 + (int64_t)(check_draw(&seed) % WINDOW);
    const int64_t moment = oarlock_now() + (int64_t)(check_draw(&seed) % WINDOW);
    CHECK_STATUS(OARLOCK_OK, told_enqueue(&told, claim, NULL, timeout, &lock, &state));
    CHECK(state == OARLOCK_WAITING);
    until(moment);
    if (cancels) cancelled = oarlock_cancel(manager, lock);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    told_await(&told);
    CHECK(told_times(&told, 1));
    timeouts += told.status == OARLOCK_ERR_TIMEOUT;
    if (cancels) {
      CHECK(cancelled == OARLOCK_OK || cancelled == OARLOCK_ERR_STALE);
      CHECK_STATUS(cancelled == OARLOCK_OK ? OARLOCK_ERR_CANCELLED : OARLOCK_ERR_TIMEOUT,
                   told.status);
    } else {
      CHECK(told.status == OARLOCK_OK || told.status == OARLOCK_ERR_TIMEOUT);
      CHECK((told.status == OARLOCK_OK) == (told.lock == lock) && (told.lock == 0 || told.token));
    }
    CHECK_STATUS(told.status == OARLOCK_OK ? OARLOCK_OK : OARLOCK_ERR_STALE,
                 oarlock_release(manager, lock));
    CHECK(check_free(manager, claim));
  }
  printf("%d of %d timed out\n", timeouts, ROUNDS);
  check_done(manager);
}

static void a_grant_and_a_timeout_race_for_a_callback(void) { by_callback(0); }
static void a_cancel_and_a_timeout_race_for_a_callback(void) { by_callback(1); }

/* Several wait in a row, with drawn timeouts, while the holders come and go. */
static void a_line_with_timeouts_for_a_queue(void) {
  enum { LINE = 5 };
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  uint64_t seed = check_seed();
  for (int round = 0; round < ROUNDS / 4; round++) {
    oarlock_lock locks[LINE];
    oarlock_lock cancelled_lock = 0;
    const oarlock_lock held = check_hold(manager, oarlock_write("a"));
    for (int i = 0; i < LINE; i++) {
      const int64_t timeout = 1 + (int64_t)(check_draw(&seed) % WINDOW);
      locks[i] = queued_waits(manager, oarlock_write("a"), timeout, queue, &locks[i]);
    }
    until(oarlock_now() + (int64_t)(check_draw(&seed) % WINDOW));
    oarlock_lock *const victim = &locks[check_draw(&seed) % LINE];
    if (oarlock_cancel(manager, *victim) == OARLOCK_OK) cancelled_lock = *victim;
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    int told[LINE] = {0};
    for (int i = 0; i < LINE; i++) {
      const oarlock_completion done = queued_await(queue);
      const ptrdiff_t which = (oarlock_lock *)done.user_data - locks;
      assert(which >= 0 && which < LINE);
      CHECK(told[which]++ == 0);
      CHECK((done.status == OARLOCK_ERR_CANCELLED) == (locks[which] == cancelled_lock));
      if (done.status == OARLOCK_OK) {
        CHECK(done.lock == locks[which] && done.token == check_token(manager, done.lock));
        CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, done.lock));
      } else {
        CHECK(done.lock == 0 && done.token == 0);
        CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(manager, locks[which]));
      }
    }
    CHECK(queued_none(queue) && check_free(manager, oarlock_write("a")));
  }
  oarlock_queue_free(queue);
  check_done(manager);
}

/* The same for an upgrade, of which the request stays. */
static void a_grant_a_cancel_and_a_timeout_race_for_an_upgrade(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  uint64_t seed = check_seed();
  for (int round = 0; round < ROUNDS; round++) {
    oarlock_state state = 0;
    oarlock_status cancelled = OARLOCK_ERR_STALE;
    const oarlock_lock one = check_hold(manager, oarlock_read("a"));
    const oarlock_lock two = check_hold(manager, oarlock_read("a"));
    const uint64_t before = check_token(manager, one);
    const int64_t timeout = 1 + (int64_t)(check_draw(&seed) % WINDOW);
    const int cancels = check_draw(&seed) % 2 == 0;
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_queue(manager, one, timeout, queue, &state, &state,
                                                   NULL, NULL));
    CHECK(state == OARLOCK_WAITING);
    until(oarlock_now() + (int64_t)(check_draw(&seed) % WINDOW));
    if (cancels) cancelled = oarlock_upgrade_cancel(manager, one);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two));
    const oarlock_completion done = queued_await(queue);
    CHECK(done.kind == OARLOCK_COMPLETION_UPGRADE && done.lock == one);
    CHECK((done.status == OARLOCK_ERR_CANCELLED) == (cancelled == OARLOCK_OK));
    CHECK((done.status == OARLOCK_OK) == (done.token > before));
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_state(manager, one, &state, NULL));
    CHECK(state == (done.status == OARLOCK_OK ? OARLOCK_GRANTED : OARLOCK_NOT_UPGRADED));
    CHECK(check_free(manager, oarlock_read("a")) == (done.status != OARLOCK_OK));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one));
    CHECK(queued_none(queue));
  }
  oarlock_queue_free(queue);
  check_done(manager);
}

/* The queue is freed while the times of what waits for it are up. */
static void freeing_the_queue_races_with_timeouts(void) {
  oarlock_manager *const manager = check_manager();
  uint64_t seed = check_seed();
  for (int round = 0; round < ROUNDS / 4; round++) {
    oarlock_queue *const queue = queued_new();
    const oarlock_lock held = check_hold(manager, oarlock_write("a"));
    for (int i = 0; i < 4; i++) {
      const int64_t timeout = 1 + (int64_t)(check_draw(&seed) % WINDOW);
      queued_waits(manager, oarlock_write("a"), timeout, queue, NULL);
    }
    until(oarlock_now() + (int64_t)(check_draw(&seed) % WINDOW));
    oarlock_queue_free(queue);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    /* One whose time was up then may be leaving still. */
    EVENTUALLY(check_free(manager, oarlock_write("a")));
  }
  check_done(manager);
}

int main(void) {
  RUN(a_grant_and_a_timeout_race_for_a_callback);
  RUN(a_cancel_and_a_timeout_race_for_a_callback);
  RUN(a_line_with_timeouts_for_a_queue);
  RUN(a_grant_a_cancel_and_a_timeout_race_for_an_upgrade);
  RUN(freeing_the_queue_races_with_timeouts);
  return check_failed_tests != 0;
}
