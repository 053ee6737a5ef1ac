/* Callbacks of requests: exactly once, never inside the registering call, and what
 * was given comes back exactly once, whatever happens. */
#include "told.h"

static void a_grant_at_once_is_not_called_back(void) {
  struct told told = TOLD_INIT(check_manager());
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  uint64_t token = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(told.manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                                    on_outcome, &told, on_drop, &lock, &state,
                                                    &token, NULL));
  CHECK(state == OARLOCK_GRANTED && lock != 0 && token == check_token(told.manager, lock));
  CHECK(told_times(&told, 0));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, lock));
  CHECK(told_times(&told, 0));
  check_done(told.manager);
}

static void a_later_grant_is_called_back_once(void) {
  struct told told = TOLD_INIT(check_manager());
  const oarlock_lock held = check_hold(told.manager, oarlock_write("a"));
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(told.manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                                    on_outcome, &told, on_drop, &lock, &state,
                                                    &token, NULL));
  CHECK(state == OARLOCK_WAITING && lock != 0 && token == 0 && told_nothing(&told));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, held));
  CHECK(told_times(&told, 1));
  CHECK_STATUS(OARLOCK_OK, told.status);
  CHECK_STATUS(OARLOCK_OK, told.error_code); /* there was none */
  CHECK(told.lock == lock && told.token == check_token(told.manager, lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, told.lock));
  CHECK(told_times(&told, 1));
  check_done(told.manager);
}

/* Checks what is told when there is no lock: nothing to release, and why. */
static void ended_without(struct told *told, oarlock_status status) {
  CHECK(told_times(told, 1));
  CHECK_STATUS(status, told->status);
  CHECK_STATUS(status, told->error_code);
  CHECK(told->lock == 0 && told->token == 0);
}

static void an_end_without_a_grant_is_called_back_once(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  struct told cancelled = TOLD_INIT(manager), released = cancelled, closed = cancelled;
  const oarlock_lock held = check_hold(manager, claim);
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&cancelled, claim, NULL, OARLOCK_FOREVER, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, lock));
  ended_without(&cancelled, OARLOCK_ERR_CANCELLED);
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&released, claim, NULL, OARLOCK_FOREVER, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  ended_without(&released, OARLOCK_ERR_CANCELLED);
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&closed, claim, NULL, OARLOCK_FOREVER, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  ended_without(&closed, OARLOCK_ERR_CLOSED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_manager_free(manager);

  struct told freed = TOLD_INIT(check_manager());
  CHECK(check_hold(freed.manager, claim) != 0);
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&freed, claim, NULL, OARLOCK_FOREVER, &lock, &state));
  oarlock_manager_free(freed.manager);
  ended_without(&freed, OARLOCK_ERR_CLOSED);
}

static void a_refused_request_gives_its_data_back(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim good = oarlock_write("a"), bad = oarlock_write("a//b");
  const struct {
    oarlock_status status;
    const oarlock_manager *manager;
    const oarlock_claim *claim;
    oarlock_callback callback;
    int64_t timeout_ns;
    int has_out_lock;
  } refused[] = {
      {OARLOCK_ERR_EMPTY_SEGMENT, manager, &bad, on_outcome, OARLOCK_FOREVER, 1},
      {OARLOCK_ERR_INVALID_ARGUMENT, manager, &good, NULL, OARLOCK_FOREVER, 1},
      {OARLOCK_ERR_INVALID_ARGUMENT, manager, &good, on_outcome, OARLOCK_FOREVER, 0},
      {OARLOCK_ERR_INVALID_ARGUMENT, manager, NULL, on_outcome, OARLOCK_FOREVER, 1},
      {OARLOCK_ERR_INVALID_ARGUMENT, NULL, &good, on_outcome, OARLOCK_FOREVER, 1},
      {OARLOCK_ERR_INVALID_TIMEOUT, manager, &good, on_outcome, -2, 1},
      {OARLOCK_ERR_TIMEOUT, manager, &good, on_outcome, 0, 1},
  };
  const oarlock_lock held = check_hold(manager, good);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    struct told told = TOLD_INIT(manager);
    oarlock_lock lock = 9;
    oarlock_state state = 9;
    uint64_t token = 9;
    CHECK_STATUS(refused[i].status,
                 oarlock_enqueue_callback(refused[i].manager, refused[i].claim, 1, NULL,
                                          refused[i].timeout_ns, refused[i].callback, &told,
                                          on_drop, refused[i].has_out_lock ? &lock : NULL, &state,
                                          &token, NULL));
    CHECK(lock == (refused[i].has_out_lock ? 0 : 9) && state == 0 && token == 0);
    CHECK(told_times(&told, 0));
  }
  struct told told = TOLD_INIT(manager);
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  CHECK_STATUS(OARLOCK_ERR_CLOSED,
               told_enqueue(&told, good, NULL, OARLOCK_FOREVER, &lock, &state));
  CHECK(told_times(&told, 0));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_manager_free(manager);
}

static void no_data_and_no_drop(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  struct told told = TOLD_INIT(manager);
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                                    on_outcome, &told, NULL, &lock, &state, NULL,
                                                    NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK(told.calls == 1 && told.drops == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                                    on_outcome, NULL, NULL, &lock, &state, NULL,
                                                    NULL));
  CHECK(state == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

/* A knot of those that wait is opened: who waits is never told of a deadlock. */
static void a_knot_ends_nobody(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const one = check_owner(manager), *const two = check_owner(manager);
  const oarlock_request_options as_one = check_options(one, "one");
  const oarlock_request_options as_two = check_options(two, "two");
  struct told told = TOLD_INIT(manager);
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  /* One waits behind two for x, and two would wait behind one for y: it goes ahead. */
  const oarlock_lock x = check_hold(manager, oarlock_write("x"));
  const oarlock_lock y = check_hold(manager, oarlock_write("y"));
  const oarlock_lock two_x = check_queue_as(manager, oarlock_write("x"), &as_two);
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&told, oarlock_write("x"), &as_one, OARLOCK_FOREVER,
                                        &lock, &state));
  const oarlock_lock one_y = check_queue_as(manager, oarlock_write("y"), &as_one);
  const oarlock_lock two_y = check_queue_as(manager, oarlock_write("y"), &as_two);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, y));
  CHECK(check_state(manager, two_y) == OARLOCK_GRANTED);
  CHECK(check_state(manager, one_y) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, x));
  CHECK(check_state(manager, two_x) == OARLOCK_GRANTED && told_nothing(&told));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two_y));
  CHECK(check_state(manager, one_y) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two_x));
  CHECK(told_times(&told, 1) && told.status == OARLOCK_OK && told.lock == lock);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one_y));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  oarlock_owner_free(one);
  oarlock_owner_free(two);
  check_done(manager);
}

int main(void) {
  RUN(a_grant_at_once_is_not_called_back);
  RUN(a_later_grant_is_called_back_once);
  RUN(an_end_without_a_grant_is_called_back_once);
  RUN(a_refused_request_gives_its_data_back);
  RUN(no_data_and_no_drop);
  RUN(a_knot_ends_nobody);
  return check_failed_tests != 0;
}
