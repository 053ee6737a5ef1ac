/* Upgrades whose outcome goes to a callback or a queue. */
#include "queued.h"
#include "readers.h"
#include "told.h"

static oarlock_status told_upgrade(struct told *told, oarlock_lock lock, int64_t timeout_ns,
                                   oarlock_state *state, uint64_t *token) {
  return oarlock_upgrade_callback(told->manager, lock, timeout_ns, on_outcome, told, on_drop,
                                  state, token, NULL);
}

static void at_once_nobody_is_told(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const int64_t timeouts[] = {OARLOCK_FOREVER, 0, CHECK_HOUR};
  for (int i = 0; i < 3; i++) {
    struct told told = TOLD_INIT(manager);
    oarlock_state state = 0;
    uint64_t token = 0, again = 0;
    const oarlock_lock lock = check_hold(manager, oarlock_read("a"));
    const uint64_t before = check_token(manager, lock);
    CHECK_STATUS(OARLOCK_OK, told_upgrade(&told, lock, timeouts[i], &state, &token));
    CHECK(state == OARLOCK_GRANTED && token > before && token == check_token(manager, lock));
    CHECK(told_times(&told, 0));
    state = 0;
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_queue(manager, lock, timeouts[i], queue, NULL, &state,
                                                   &again, NULL));
    CHECK(state == OARLOCK_GRANTED && again == token && queued_none(queue));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  }
  oarlock_queue_free(queue);
  check_done(manager);
}

static void a_later_grant_is_told(void) {
  for (int by_queue = 0; by_queue < 2; by_queue++) {
    struct readers r = readers();
    struct told told = TOLD_INIT(r.manager);
    oarlock_queue *const queue = queued_new();
    oarlock_state state = 0;
    uint64_t token = 9;
    const uint64_t before = check_token(r.manager, r.one);
    if (by_queue) {
      CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_queue(r.manager, r.one, OARLOCK_FOREVER, queue,
                                                     &told, &state, &token, NULL));
    } else {
      CHECK_STATUS(OARLOCK_OK, told_upgrade(&told, r.one, OARLOCK_FOREVER, &state, &token));
    }
    CHECK(state == OARLOCK_WAITING && token == 0 && told_nothing(&told));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
    if (by_queue) {
      const oarlock_completion done = queued_next(queue);
      CHECK(done.kind == OARLOCK_COMPLETION_UPGRADE && done.user_data == &told);
      CHECK(done.status == OARLOCK_OK && done.lock == r.one && done.error == NULL);
      token = done.token;
    } else {
      CHECK(told_times(&told, 1) && told.status == OARLOCK_OK && told.lock == r.one);
      token = told.token;
    }
    CHECK(token > before && token == check_token(r.manager, r.one) && queued_none(queue));
    CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_state(r.manager, r.one, &state, NULL));
    CHECK(state == OARLOCK_GRANTED);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
    oarlock_queue_free(queue);
    check_done(r.manager);
  }
}

/* Without the grant the request is named all the same, and holds what it held. */
static void an_end_without_a_grant_is_told(void) {
  enum { CANCEL, TIME_UP, RELEASE, CLOSE, ENDS };
  static const oarlock_status wanted[ENDS] = {OARLOCK_ERR_CANCELLED, OARLOCK_ERR_TIMEOUT,
                                              OARLOCK_ERR_CANCELLED, OARLOCK_ERR_CLOSED};
  for (int way = 0; way < 2 * ENDS; way++) {
    const int by_queue = way / ENDS, end = way % ENDS;
    struct readers r = readers();
    struct told told = TOLD_INIT(r.manager);
    oarlock_queue *const queue = queued_new();
    const int64_t timeout = end == TIME_UP ? CHECK_SOON : CHECK_HOUR;
    oarlock_state state = 0;
    if (by_queue) {
      CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_queue(r.manager, r.one, timeout, queue, &told,
                                                     &state, NULL, NULL));
    } else {
      CHECK_STATUS(OARLOCK_OK, told_upgrade(&told, r.one, timeout, &state, NULL));
    }
    CHECK(state == OARLOCK_WAITING);
    switch (end) {
      case CANCEL: CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_cancel(r.manager, r.one)); break;
      case RELEASE: CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one)); break;
      case CLOSE: CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(r.manager)); break;
      default: break;
    }
    if (by_queue) {
      const oarlock_completion done = queued_await(queue);
      CHECK(queued_failed(&done, OARLOCK_COMPLETION_UPGRADE, wanted[end], &told));
      CHECK(done.lock == r.one && done.error == NULL);
    } else {
      told_await(&told);
      CHECK(told_times(&told, 1) && told.lock == r.one && told.token == 0);
      CHECK_STATUS(wanted[end], told.status);
      CHECK_STATUS(wanted[end], told.error_code);
    }
    if (end != RELEASE) {
      CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_state(r.manager, r.one, &state, NULL));
      CHECK(state == OARLOCK_NOT_UPGRADED);
      CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
    }
    CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
    oarlock_queue_free(queue);
    oarlock_manager_free(r.manager);
  }
}

static void refused_upgrades_tell_nobody(void) {
  struct readers r = readers();
  oarlock_queue *const queue = queued_new();
  oarlock_state state = 9;
  const oarlock_lock waits = check_queue(r.manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(r.manager, r.two, &state, NULL, NULL));
  const struct {
    oarlock_lock lock;
    int64_t timeout_ns;
    oarlock_status status;
  } refused[] = {
      {waits, OARLOCK_FOREVER, OARLOCK_ERR_NOT_GRANTED}, {77, OARLOCK_FOREVER, OARLOCK_ERR_STALE},
      {r.two, OARLOCK_FOREVER, OARLOCK_ERR_UPGRADE_WAITING},
      {r.one, OARLOCK_FOREVER, OARLOCK_ERR_DEADLOCK},
      {r.one, CHECK_HOUR, OARLOCK_ERR_DEADLOCK}, {r.one, 0, OARLOCK_ERR_TIMEOUT},
      {r.one, -2, OARLOCK_ERR_INVALID_TIMEOUT},
  };
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    struct told told = TOLD_INIT(r.manager);
    uint64_t token = 9;
    oarlock_error *error = NULL;
    state = 9;
    CHECK_STATUS(refused[i].status,
                 told_upgrade(&told, refused[i].lock, refused[i].timeout_ns, &state, &token));
    CHECK(state == 0 && token == 0 && told_times(&told, 0));
    state = 9;
    token = 9;
    CHECK_STATUS(refused[i].status,
                 oarlock_upgrade_queue(r.manager, refused[i].lock, refused[i].timeout_ns, queue,
                                       NULL, &state, &token, &error));
    CHECK(state == 0 && token == 0 && queued_none(queue));
    CHECK_STATUS(refused[i].status, oarlock_error_code(error));
    oarlock_error_free(error);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.one));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, r.two));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(r.manager, waits));
  oarlock_queue_free(queue);
  check_done(r.manager);
}

/* Whom a waiting upgrade waits for goes ahead of what else its owner waits for. */
static void a_waiting_upgrade_lets_go_ahead_whom_it_waits_for(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  oarlock_owner *const one = check_owner(manager), *const two = check_owner(manager);
  const oarlock_request_options as_one = check_options(one, "one");
  const oarlock_request_options as_two = check_options(two, "two");
  oarlock_state state = 0;
  /* Both read a, and one waits to write it. One has a place in the queue of b, too. */
  const oarlock_lock c = check_hold(manager, oarlock_write("c"));
  const oarlock_lock d = check_hold_as(manager, oarlock_write("d"), &as_one);
  const oarlock_lock one_a = check_hold_as(manager, oarlock_read("a"), &as_one);
  const oarlock_lock two_a = check_hold_as(manager, oarlock_read("a"), &as_two);
  const oarlock_claim both[2] = {oarlock_write("b"), oarlock_write("c")};
  oarlock_lock one_both = 0;
  CHECK_STATUS(OARLOCK_OK,
               oarlock_enqueue(manager, both, 2, &as_one, &one_both, &state, NULL, NULL));
  CHECK(state == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_queue(manager, one_a, OARLOCK_FOREVER, queue, one,
                                                 &state, NULL, NULL));
  /* Two would wait for one, which only waits for b: it has b at once. */
  const oarlock_claim b = oarlock_write("b");
  oarlock_lock two_b = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_queue(manager, &b, 1, &as_two, OARLOCK_FOREVER, queue,
                                                 two, &two_b, &state, NULL, NULL));
  CHECK(two_b != 0 && state == OARLOCK_GRANTED && queued_none(queue));
  /* And would wait for what one holds: refused at once, and the upgrade goes on. */
  const oarlock_claim of_one = oarlock_write("d");
  oarlock_lock two_d = 9;
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
               oarlock_enqueue_queue(manager, &of_one, 1, &as_two, OARLOCK_FOREVER, queue, two,
                                     &two_d, &state, NULL, NULL));
  CHECK(two_d == 0 && state == 0 && queued_none(queue));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two_a));
  const oarlock_completion done = queued_next(queue);
  CHECK(done.status == OARLOCK_OK && done.lock == one_a && done.user_data == one);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one_a));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, c));
  CHECK(check_state(manager, one_both) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two_b));
  CHECK(check_state(manager, one_both) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one_both));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, d));
  oarlock_owner_free(one);
  oarlock_owner_free(two);
  oarlock_queue_free(queue);
  check_done(manager);
}

int main(void) {
  RUN(at_once_nobody_is_told);
  RUN(a_later_grant_is_told);
  RUN(an_end_without_a_grant_is_told);
  RUN(refused_upgrades_tell_nobody);
  RUN(a_waiting_upgrade_lets_go_ahead_whom_it_waits_for);
  return check_failed_tests != 0;
}
