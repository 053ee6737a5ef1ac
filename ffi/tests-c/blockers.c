/* Who keeps a request waiting: asked for, or told with a timeout. */
#include "check.h"

enum { MANY = 5 };

static void blockers_are_counted_and_cut_off(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_lock readers[MANY], out[MANY + 1];
  size_t count = 99;
  for (int i = 0; i < MANY; i++) readers[i] = check_hold(manager, oarlock_read("a"));
  const oarlock_lock writer = check_queue(manager, oarlock_write("a/b"));
  const oarlock_lock behind = check_queue(manager, oarlock_read("a/b"));
  for (size_t capacity = 0; capacity <= MANY + 1; capacity++) {
    for (int i = 0; i <= MANY; i++) out[i] = 77;
    CHECK_STATUS(OARLOCK_OK, oarlock_blockers(manager, writer, capacity ? out : NULL, capacity,
                                              &count));
    CHECK(count == MANY);
    for (size_t i = 0; i <= MANY; i++) {
      int known = 0;
      for (int reader = 0; reader < MANY; reader++) known |= out[i] == readers[reader];
      CHECK(i < capacity && i < MANY ? known : out[i] == 77);
    }
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_blockers(manager, behind, out, SIZE_MAX, &count));
  CHECK(count == 1 && out[0] == writer);
  CHECK_STATUS(OARLOCK_OK, oarlock_blockers(manager, readers[0], out, 1, &count));
  CHECK(count == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, writer));
  CHECK_STATUS(OARLOCK_OK, oarlock_blockers(manager, behind, out, 1, &count));
  CHECK(count == 0);
  count = 99;
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_blockers(manager, writer, out, 1, &count));
  CHECK(count == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, behind));
  for (int i = 0; i < MANY; i++) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, readers[i]));
  check_done(manager);
}

static void permits_and_upgrades_have_blockers_too(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_lock out[2] = {0, 0};
  size_t count = 0;
  oarlock_state state = 0;
  const oarlock_lock permit = check_hold(manager, oarlock_read_limited("a", 1));
  const oarlock_lock wants = check_queue(manager, oarlock_read_limited("a", 1));
  CHECK_STATUS(OARLOCK_OK, oarlock_blockers(manager, wants, out, 2, &count));
  CHECK(count == 1 && out[0] == permit);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, wants));
  const oarlock_lock reader = check_hold(manager, oarlock_read("a/b"));
  CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(manager, permit, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_blockers(manager, permit, out, 2, &count));
  CHECK(count == 1 && out[0] == reader);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, reader));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, permit));
  check_done(manager);
}

/* An acquire that gives up names those in its way. */
static void a_timeout_names_the_blockers(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const owner = check_owner(manager);
  const oarlock_request_options first = check_options(owner, "the first");
  const oarlock_request_options second = check_options(NULL, NULL);
  const oarlock_lock one = check_hold_as(manager, oarlock_read("a"), &first);
  const oarlock_lock two = check_hold_as(manager, oarlock_read("a/b"), &second);
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 9;
  uint64_t token = 9;
  oarlock_error *error = NULL;
  size_t count = 99;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, &claim, 1, NULL, CHECK_SOON, &lock, &token, &error));
  CHECK(lock == 0 && token == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two));
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  CHECK(count == 2 && parties != NULL);
  for (size_t i = 0; i < count; i++) {
    const int is_one = parties[i].lock == one;
    CHECK(is_one || parties[i].lock == two);
    CHECK(parties[i].owner == (is_one ? oarlock_owner_id(owner) : 0));
    CHECK(parties[i].state == OARLOCK_GRANTED);
    CHECK(check_is(parties[i].label, is_one ? "the first" : ""));
  }
  if (count == 2) CHECK(parties[0].lock != parties[1].lock);
  CHECK(strstr(oarlock_error_message(error), "the first") != NULL);
  oarlock_error_free(error);
  oarlock_owner_free(owner);
  check_done(manager);
}

/* Of many it names some, and says how many there were. */
static void a_timeout_names_some_of_many(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_lock held[50];
  for (int i = 0; i < 50; i++) held[i] = check_hold(manager, oarlock_read("a"));
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 9;
  oarlock_error *error = NULL;
  size_t count = 99;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, &claim, 1, NULL, CHECK_SOON, &lock, NULL, &error));
  CHECK(oarlock_error_parties(error, &count) != NULL && count == 32);
  CHECK(strstr(oarlock_error_message(error), "in the way: 50") != NULL);
  oarlock_error_free(error);
  for (int i = 0; i < 50; i++) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[i]));
  check_done(manager);
}

/* Only that one does: a try has not looked, and a wait goes on. */
static void other_errors_name_nobody(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waits = check_queue(manager, oarlock_read("a"));
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 9;
  for (int way = 0; way < 3; way++) {
    oarlock_error *error = NULL;
    size_t count = 99;
    switch (way) {
      case 0: oarlock_acquire(manager, &claim, 1, NULL, 0, &lock, NULL, &error); break;
      case 1: oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, &error); break;
      default: oarlock_wait(manager, waits, CHECK_SOON, NULL, &error);
    }
    CHECK(error != NULL);
    CHECK(oarlock_error_parties(error, &count) == NULL && count == 0);
    oarlock_error_free(error);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  check_done(manager);
}

int main(void) {
  RUN(blockers_are_counted_and_cut_off);
  RUN(permits_and_upgrades_have_blockers_too);
  RUN(a_timeout_names_the_blockers);
  RUN(a_timeout_names_some_of_many);
  RUN(other_errors_name_nobody);
  return check_failed_tests != 0;
}
