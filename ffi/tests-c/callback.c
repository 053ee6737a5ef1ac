/* Callbacks: exactly once, never inside the registering call, free to call back. */
#include "check.h"

struct record {
  oarlock_manager *manager;
  int called, dropped;
  int registering; /* whether the registering call has not returned yet */
  int called_while_registering;
  oarlock_status status;
  oarlock_lock lock;
  uint64_t token;
  struct record *next; /* to register from inside the callback */
};

static void on_outcome(void *data, oarlock_status status, oarlock_lock lock, uint64_t token) {
  struct record *const record = (struct record *)data;
  record->called++;
  record->called_while_registering |= record->registering;
  record->status = status;
  record->lock = lock;
  record->token = token;
}

static void on_drop(void *data) { ((struct record *)data)->dropped++; }

static oarlock_status enqueue(struct record *record, oarlock_claim claim, oarlock_callback callback,
                              oarlock_lock *lock, oarlock_state *state) {
  record->registering = 1;
  const oarlock_status status = oarlock_enqueue_callback(record->manager, &claim, 1, callback,
                                                         record, on_drop, lock, state, NULL);
  record->registering = 0;
  return status;
}

static void a_grant_at_once_is_not_called_back(void) {
  struct record record = {check_manager(), 0, 0, 0, 0, 9, 0, 0, NULL};
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK, enqueue(&record, oarlock_write("a"), on_outcome, &lock, &state));
  CHECK(state == OARLOCK_GRANTED && lock != 0);
  CHECK(record.called == 0 && record.dropped == 1);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(record.manager, lock));
  CHECK(record.called == 0 && record.dropped == 1);
  check_done(record.manager);
}

static void a_later_grant_is_called_back_once(void) {
  struct record record = {check_manager(), 0, 0, 0, 0, 9, 0, 0, NULL};
  const oarlock_lock held = check_hold(record.manager, oarlock_write("a"));
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK, enqueue(&record, oarlock_write("a"), on_outcome, &lock, &state));
  CHECK(state == OARLOCK_WAITING && lock != 0);
  CHECK(record.called == 0 && record.dropped == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(record.manager, held));
  CHECK(record.called == 1 && record.dropped == 1 && record.called_while_registering == 0);
  CHECK_STATUS(OARLOCK_OK, record.status);
  CHECK(record.lock == lock && record.token != 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(record.manager, record.lock));
  CHECK(record.called == 1 && record.dropped == 1);
  check_done(record.manager);
}

static void an_end_without_a_grant_is_called_back_once(void) {
  struct record cancelled = {check_manager(), 0, 0, 0, 0, 9, 9, 9, NULL};
  struct record released = cancelled, closed = cancelled, freed = cancelled;
  oarlock_manager *const manager = cancelled.manager;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK, enqueue(&cancelled, oarlock_write("a"), on_outcome, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, lock));
  CHECK(cancelled.called == 1 && cancelled.dropped == 1);
  CHECK_STATUS(OARLOCK_ERR_CANCELLED, cancelled.status);
  CHECK(cancelled.lock == 0 && cancelled.token == 0);
  CHECK_STATUS(OARLOCK_OK, enqueue(&released, oarlock_write("a"), on_outcome, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  CHECK(released.called == 1 && released.dropped == 1);
  CHECK_STATUS(OARLOCK_ERR_CANCELLED, released.status);
  CHECK_STATUS(OARLOCK_OK, enqueue(&closed, oarlock_write("a"), on_outcome, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  CHECK(closed.called == 1 && closed.dropped == 1);
  CHECK_STATUS(OARLOCK_ERR_CLOSED, closed.status);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_manager_free(manager);

  freed.manager = check_manager();
  const oarlock_lock kept = check_hold(freed.manager, oarlock_write("a"));
  CHECK(kept != 0);
  CHECK_STATUS(OARLOCK_OK, enqueue(&freed, oarlock_write("a"), on_outcome, &lock, &state));
  oarlock_manager_free(freed.manager);
  CHECK(freed.called == 1 && freed.dropped == 1);
  CHECK_STATUS(OARLOCK_ERR_CLOSED, freed.status);
}

static void a_refused_request_gives_its_data_back(void) {
  struct record record = {check_manager(), 0, 0, 0, 0, 9, 0, 0, NULL};
  oarlock_manager *const manager = record.manager;
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               enqueue(&record, oarlock_write("a//b"), on_outcome, &lock, &state));
  CHECK(lock == 0 && state == 0 && record.dropped == 1);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               enqueue(&record, oarlock_write("a"), NULL, &lock, &state));
  CHECK(record.dropped == 2);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               enqueue(&record, oarlock_write("a"), on_outcome, NULL, &state));
  CHECK(record.dropped == 3);
  record.manager = NULL;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               enqueue(&record, oarlock_write("a"), on_outcome, &lock, &state));
  CHECK(record.dropped == 4);
  record.manager = manager;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  CHECK_STATUS(OARLOCK_ERR_CLOSED,
               enqueue(&record, oarlock_write("a"), on_outcome, &lock, &state));
  CHECK(record.dropped == 5 && record.called == 0);
  oarlock_manager_free(manager);
}

static void no_data_and_no_drop(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  struct record record = {manager, 0, 0, 0, 0, 9, 0, 0, NULL};
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(manager, &claim, 1, on_outcome, &record, NULL,
                                                    &lock, &state, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK(record.called == 1 && record.dropped == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(manager, &claim, 1, on_outcome, NULL, NULL,
                                                    &lock, &state, NULL));
  CHECK(state == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

/* Releases what it was given, and goes through every other door. */
static void on_outcome_reenter(void *data, oarlock_status status, oarlock_lock lock,
                               uint64_t token) {
  struct record *const record = (struct record *)data;
  oarlock_manager *const manager = record->manager;
  on_outcome(data, status, lock, token);
  if (status != OARLOCK_OK) return;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_lock_state(manager, lock, &state));
  CHECK(state == OARLOCK_GRANTED);
  CHECK(!check_free(manager, oarlock_read("a")));
  CHECK(check_free(manager, oarlock_write("b")));
  if (record->next != NULL) {
    oarlock_lock waiting = 0;
    CHECK_STATUS(OARLOCK_OK, enqueue(record->next, oarlock_write("a"), on_outcome_reenter,
                                     &waiting, &state));
    CHECK(state == OARLOCK_WAITING);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
}

static void a_callback_may_call_back(void) {
  struct record second = {check_manager(), 0, 0, 0, 0, 9, 0, 0, NULL};
  struct record first = second;
  first.next = &second;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(first.manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK,
               enqueue(&first, oarlock_write("a"), on_outcome_reenter, &lock, &state));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(first.manager, held));
  CHECK(first.called == 1 && first.dropped == 1);
  CHECK(second.called == 1 && second.dropped == 1 && second.called_while_registering == 0);
  check_done(first.manager);
}

/* A thousand callbacks, each of which lets in the next: the stack must not grow
 * with them. */
static void a_chain_of_callbacks(void) {
  enum { LENGTH = 1000 };
  static struct record records[LENGTH];
  oarlock_manager *manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < LENGTH; i++) {
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    memset(&records[i], 0, sizeof records[i]);
    records[i].manager = manager;
    CHECK_STATUS(OARLOCK_OK,
                 enqueue(&records[i], oarlock_write("a"), on_outcome_reenter, &lock, &state));
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  for (int i = 0; i < LENGTH; i++) {
    CHECK(records[i].called == 1 && records[i].dropped == 1);
    CHECK(i == 0 || records[i].token > records[i - 1].token);
  }
  check_done(manager);
}

int main(void) {
  RUN(a_grant_at_once_is_not_called_back);
  RUN(a_later_grant_is_called_back_once);
  RUN(an_end_without_a_grant_is_called_back_once);
  RUN(a_refused_request_gives_its_data_back);
  RUN(no_data_and_no_drop);
  RUN(a_callback_may_call_back);
  RUN(a_chain_of_callbacks);
  return check_failed_tests != 0;
}
