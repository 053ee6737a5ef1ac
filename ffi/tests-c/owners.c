/* Owners: what belongs to one never conflicts with itself, and handles may go early. */
#include "check.h"

static void requests_of_one_owner_do_not_conflict(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const owner = check_owner(manager), *const other = check_owner(manager);
  const oarlock_request_options own = check_options(owner, NULL);
  const oarlock_request_options others = check_options(other, NULL);
  const oarlock_claim claim = oarlock_write("a");
  const oarlock_lock first = check_hold_as(manager, oarlock_write("a"), &own);
  const oarlock_lock second = check_hold_as(manager, oarlock_write("a/b"), &own);
  const oarlock_lock above = check_hold_as(manager, oarlock_read(""), &own);
  oarlock_lock lock = 9;
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK,
               oarlock_try_acquire(manager, &claim, 1, &others, &lock, NULL, NULL));
  CHECK(lock == 0 && !check_free(manager, claim));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, first));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, above));
  CHECK(!check_free(manager, oarlock_read("a/b")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, second));
  oarlock_owner_free(owner);
  oarlock_owner_free(other);
  check_done(manager);
}

/* What an owner holds it can claim again at once, past those who wait. */
static void what_is_held_is_had_again_past_the_queue(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const owner = check_owner(manager);
  const oarlock_request_options own = check_options(owner, NULL);
  const oarlock_lock held = check_hold_as(manager, oarlock_write("a"), &own);
  const oarlock_lock waits = check_queue(manager, oarlock_write("a"));
  const oarlock_lock again = check_hold_as(manager, oarlock_write("a/b"), &own);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK(check_state(manager, waits) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, again));
  CHECK(check_state(manager, waits) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  oarlock_owner_free(owner);
  check_done(manager);
}

static void an_owner_has_a_number_of_its_own(void) {
  oarlock_manager *const manager = check_manager();
  enum { MANY = 100 };
  oarlock_owner *owners[MANY];
  for (int i = 0; i < MANY; i++) {
    owners[i] = check_owner(manager);
    const uint64_t id = oarlock_owner_id(owners[i]);
    CHECK(id != 0 && id == oarlock_owner_id(owners[i]));
    for (int before = 0; before < i; before++) CHECK(id != oarlock_owner_id(owners[before]));
  }
  for (int i = 0; i < MANY; i++) oarlock_owner_free(owners[i]);
  check_done(manager);
}

/* The requests of a freed owner stay its requests: they do not conflict with each
 * other, and do with a new owner's. */
static void an_owner_may_be_freed_first(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *owner = check_owner(manager);
  const uint64_t id = oarlock_owner_id(owner);
  const oarlock_request_options own = check_options(owner, NULL);
  const oarlock_lock other = check_hold(manager, oarlock_read("a"));
  const oarlock_lock waits = check_queue_as(manager, oarlock_write("a"), &own);
  const oarlock_lock behind = check_queue_as(manager, oarlock_write("a/b"), &own);
  oarlock_owner_free(owner);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, other));
  CHECK(check_state(manager, waits) == OARLOCK_GRANTED);
  CHECK(check_state(manager, behind) == OARLOCK_GRANTED);
  owner = check_owner(manager);
  CHECK(oarlock_owner_id(owner) != id);
  const oarlock_request_options next = check_options(owner, NULL);
  const oarlock_lock later = check_queue_as(manager, oarlock_read("a"), &next);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, behind));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, later, 0, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, later));
  oarlock_owner_free(owner);
  check_done(manager);
}

static void an_owner_may_outlive_its_manager(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const owner = check_owner(manager);
  const uint64_t id = oarlock_owner_id(owner);
  oarlock_manager_free(manager);
  CHECK(oarlock_owner_id(owner) == id);
  oarlock_owner_free(owner);
}

/* Also where both handles of a name make owners: it is one manager. */
static void a_foreign_owner_is_refused(void) {
  oarlock_manager *const manager = check_manager(), *const elsewhere = check_manager();
  oarlock_manager *one = NULL, *two = NULL;
  oarlock_owner *const foreign = check_owner(elsewhere);
  const oarlock_request_options theirs = check_options(foreign, NULL);
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 9;
  CHECK_STATUS(OARLOCK_ERR_FOREIGN_OWNER,
               oarlock_acquire(manager, &claim, 1, &theirs, OARLOCK_FOREVER, &lock, NULL, NULL));
  CHECK(lock == 0);
  oarlock_owner_free(foreign);
  check_done(elsewhere);
  check_done(manager);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("owners"), &one, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("owners"), &two, NULL));
  oarlock_owner *const shared = check_owner(one);
  const oarlock_request_options ours = check_options(shared, NULL);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(one, check_hold_as(two, claim, &ours)));
  oarlock_owner_free(shared);
  oarlock_manager_free(one);
  check_done(two);
}

int main(void) {
  RUN(requests_of_one_owner_do_not_conflict);
  RUN(what_is_held_is_had_again_past_the_queue);
  RUN(an_owner_has_a_number_of_its_own);
  RUN(an_owner_may_be_freed_first);
  RUN(an_owner_may_outlive_its_manager);
  RUN(a_foreign_owner_is_refused);
  return check_failed_tests != 0;
}
