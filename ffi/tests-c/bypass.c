/* Who holds goes ahead of those that wait for it, by every call; it is refused only if
 * what others hold would keep it waiting for ever. */
#include "queued.h"
#include "told.h"

enum way { BLOCKING, TIMED, NO_TIME, TRY, ENQUEUE, CALLBACK, QUEUE, WAYS };

/* Asks for a claim that is had at once, or not at all. */
static oarlock_status ask(oarlock_manager *manager, enum way way, oarlock_claim claim,
                          const oarlock_request_options *options, oarlock_lock *lock,
                          oarlock_error **error) {
  oarlock_state state = OARLOCK_GRANTED;
  oarlock_status status = 99;
  if (way == BLOCKING || way == TIMED || way == NO_TIME) {
    const int64_t timeout = way == BLOCKING ? OARLOCK_FOREVER : way == TIMED ? CHECK_HOUR : 0;
    return oarlock_acquire(manager, &claim, 1, options, timeout, lock, NULL, error);
  }
  if (way == TRY) return oarlock_try_acquire(manager, &claim, 1, options, lock, NULL, error);
  if (way == ENQUEUE) {
    status = oarlock_enqueue(manager, &claim, 1, options, lock, &state, NULL, error);
  } else if (way == CALLBACK) {
    struct told told = TOLD_INIT(manager);
    status = oarlock_enqueue_callback(manager, &claim, 1, options, OARLOCK_FOREVER, on_outcome,
                                      &told, on_drop, lock, &state, NULL, error);
    CHECK(told_times(&told, 0));
  } else {
    oarlock_queue *const queue = queued_new();
    status = oarlock_enqueue_queue(manager, &claim, 1, options, OARLOCK_FOREVER, queue, NULL, lock,
                                   &state, NULL, error);
    CHECK(queued_none(queue));
    oarlock_queue_free(queue);
  }
  CHECK(state == (status == OARLOCK_OK ? OARLOCK_GRANTED : 0));
  return status;
}

/* An owner holds `held`, another one waits for it with `waiting`, and the owner gets
 * `wanted` at once; `waiting` is let in when both have gone. */
static void goes_ahead(oarlock_claim held, oarlock_claim waiting, oarlock_claim wanted) {
  for (int way = 0; way < WAYS; way++) {
    oarlock_manager *const manager = check_manager();
    oarlock_owner *const owner = check_owner(manager), *const other = check_owner(manager);
    const oarlock_request_options own = check_options(owner, "own");
    const oarlock_request_options theirs = check_options(other, NULL);
    const oarlock_lock first = check_hold_as(manager, held, &own);
    const oarlock_lock waits = check_queue(manager, waiting);
    oarlock_lock lock = 0;
    int32_t would = 9;
    CHECK_STATUS(OARLOCK_OK,
                 oarlock_would_grant(manager, &wanted, 1, &theirs, &would, NULL));
    CHECK(would == 0);
    CHECK_STATUS(OARLOCK_OK, oarlock_would_grant(manager, &wanted, 1, &own, &would, NULL));
    CHECK(would == 1);
    CHECK_STATUS(OARLOCK_OK, ask(manager, (enum way)way, wanted, &own, &lock, NULL));
    CHECK(check_state(manager, lock) == OARLOCK_GRANTED);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, first));
    CHECK(check_state(manager, waits) == OARLOCK_WAITING);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
    CHECK(check_state(manager, waits) == OARLOCK_GRANTED);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
    oarlock_owner_free(owner);
    oarlock_owner_free(other);
    check_done(manager);
  }
}

static void a_second_row_beside_an_auditor(void) {
  goes_ahead(oarlock_write("t/1"), oarlock_read("t"), oarlock_write("t/2"));
  goes_ahead(oarlock_write("1"), oarlock_read(""), oarlock_write("2"));
}

static void a_row_becomes_the_table(void) {
  goes_ahead(oarlock_write("t/1"), oarlock_read("t"), oarlock_write("t"));
  goes_ahead(oarlock_write("t/1"), oarlock_write("t/1"), oarlock_write("t"));
  goes_ahead(oarlock_read("t/1"), oarlock_write("t"), oarlock_read("t"));
  goes_ahead(oarlock_write("1"), oarlock_read(""), oarlock_write(""));
}

static void shared_becomes_exclusive(void) {
  goes_ahead(oarlock_read("a"), oarlock_write("a"), oarlock_write("a"));
  goes_ahead(oarlock_read("t/1"), oarlock_write("t"), oarlock_write("t/1"));
}

/* What somebody holds is waited for; the auditor waits behind. */
static void a_row_that_is_held_comes_before_the_auditor(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const owner = check_owner(manager);
  const oarlock_request_options own = check_options(owner, NULL);
  const oarlock_lock first = check_hold_as(manager, oarlock_write("t/1"), &own);
  const oarlock_lock other = check_hold(manager, oarlock_write("t/2"));
  const oarlock_lock auditor = check_queue(manager, oarlock_read("t"));
  struct told told = TOLD_INIT(manager);
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&told, oarlock_write("t/2"), &own, OARLOCK_FOREVER, &lock, &state));
  CHECK(state == OARLOCK_WAITING && told_nothing(&told));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, other));
  CHECK(told_times(&told, 1) && told.status == OARLOCK_OK && told.lock == lock);
  CHECK(check_state(manager, auditor) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, first));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, auditor, 0, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, auditor));
  oarlock_owner_free(owner);
  check_done(manager);
}

static void a_cycle_of_holders_is_refused_by_every_call(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const one = check_owner(manager), *const two = check_owner(manager);
  const oarlock_request_options as_one = check_options(one, "one");
  const oarlock_request_options as_two = check_options(two, "two");
  const oarlock_lock a = check_hold_as(manager, oarlock_write("a"), &as_one);
  const oarlock_lock b = check_hold_as(manager, oarlock_write("b"), &as_two);
  const oarlock_lock waits = check_queue_as(manager, oarlock_write("b"), &as_one);
  for (int way = 0; way < WAYS; way++) {
    const oarlock_status expected = way == TRY       ? OARLOCK_ERR_WOULD_BLOCK
                                    : way == NO_TIME ? OARLOCK_ERR_TIMEOUT
                                                     : OARLOCK_ERR_DEADLOCK;
    oarlock_lock lock = 9;
    oarlock_error *error = NULL;
    size_t count = 99;
    CHECK_STATUS(expected, ask(manager, (enum way)way, oarlock_write("a"), &as_two, &lock, &error));
    CHECK(lock == 0);
    const oarlock_party *const parties = oarlock_error_parties(error, &count);
    CHECK(count == (expected == OARLOCK_ERR_DEADLOCK ? 2 : 0));
    if (count == 2) {
      CHECK(parties[0].owner == oarlock_owner_id(two) && check_is(parties[0].label, "two"));
      CHECK(parties[1].owner == oarlock_owner_id(one) && check_is(parties[1].label, "one"));
      CHECK(parties[1].lock == waits && parties[1].state == OARLOCK_WAITING);
    }
    oarlock_error_free(error);
    CHECK(check_state(manager, waits) == OARLOCK_WAITING);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, b));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, waits, 0, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, a));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  oarlock_owner_free(one);
  oarlock_owner_free(two);
  check_done(manager);
}

/* Somebody's release grants it, and nobody has asked how it ended: it writes. */
static void an_upgrade_is_in_force_when_it_is_granted(void) {
  for (int way = 0; way < WAYS; way++) {
    oarlock_manager *const manager = check_manager();
    oarlock_owner *const owner = check_owner(manager);
    const oarlock_request_options own = check_options(owner, NULL);
    const oarlock_lock held = check_hold_as(manager, oarlock_read("a"), &own);
    const oarlock_lock other = check_hold(manager, oarlock_read("a"));
    oarlock_state state = 0;
    oarlock_lock below = 0;
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(manager, held, &state, NULL, NULL));
    CHECK(state == OARLOCK_WAITING);
    const oarlock_lock waits = check_queue(manager, oarlock_read("a/b"));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, other));
    CHECK_STATUS(OARLOCK_OK, ask(manager, (enum way)way, oarlock_write("a/b"), &own, &below, NULL));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
    CHECK(check_state(manager, waits) == OARLOCK_WAITING);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, below));
    CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, waits, 0, NULL, NULL));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
    oarlock_owner_free(owner);
    check_done(manager);
  }
}

int main(void) {
  RUN(a_second_row_beside_an_auditor);
  RUN(a_row_becomes_the_table);
  RUN(shared_becomes_exclusive);
  RUN(a_row_that_is_held_comes_before_the_auditor);
  RUN(a_cycle_of_holders_is_refused_by_every_call);
  RUN(an_upgrade_is_in_force_when_it_is_granted);
  return check_failed_tests != 0;
}
