/* Limited reads: a semaphore of so many permits on one path. */
#include "check.h"

static void as_many_as_the_limit(void) {
  enum { LIMIT = 3 };
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_read_limited("pool", LIMIT);
  oarlock_lock held[LIMIT];
  for (int i = 0; i < LIMIT; i++) held[i] = check_hold(manager, claim);
  CHECK(!check_free(manager, claim));
  CHECK(check_free(manager, oarlock_read_limited("pool", LIMIT + 1)));
  /* Plain reads neither count nor wait, and elsewhere there are other permits. */
  const oarlock_lock plain = check_hold(manager, oarlock_read("pool"));
  CHECK(check_free(manager, oarlock_read_limited("pool/below", 1)));
  CHECK(check_free(manager, oarlock_read_limited("", 1)));
  CHECK(!check_free(manager, oarlock_write("pool")));
  const oarlock_lock first = check_queue(manager, claim), second = check_queue(manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, plain));
  CHECK(check_state(manager, first) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[1]));
  CHECK(check_state(manager, first) == OARLOCK_GRANTED);
  CHECK(check_state(manager, second) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[0]));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, second, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[2]));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, first));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, second));
  check_done(manager);
}

/* One that allows more does not pass one that allows less. */
static void permits_are_first_in_first_out(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_read_limited("a", 1));
  const oarlock_lock narrow = check_queue(manager, oarlock_read_limited("a", 1));
  const oarlock_lock wide = check_queue(manager, oarlock_read_limited("a", UINT32_MAX));
  CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, narrow));
  CHECK(check_state(manager, wide) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, wide));
  check_done(manager);
}

static void limits_that_make_no_sense(void) {
  static const struct {
    int32_t mode;
    uint32_t limit;
    oarlock_status status;
  } cases[] = {
      {OARLOCK_READ_LIMITED, 0, OARLOCK_ERR_ZERO_LIMIT},
      {OARLOCK_READ_LIMITED, 1, OARLOCK_OK},
      {OARLOCK_READ_LIMITED, UINT32_MAX, OARLOCK_OK},
      {OARLOCK_WRITE, 1, OARLOCK_ERR_LIMIT_ON_WRITE},
      {OARLOCK_WRITE, UINT32_MAX, OARLOCK_ERR_LIMIT_ON_WRITE},
      {OARLOCK_READ, 1, OARLOCK_ERR_INVALID_ARGUMENT},
      {OARLOCK_READ, UINT32_MAX, OARLOCK_ERR_INVALID_ARGUMENT},
      {0, 1, OARLOCK_ERR_INVALID_MODE},
      {4, 1, OARLOCK_ERR_INVALID_MODE},
  };
  oarlock_manager *const manager = check_manager();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    /* The bad one comes last, and nothing is left of the first. */
    oarlock_claim claims[2] = {oarlock_write("first"), oarlock_read("a")};
    oarlock_lock lock = 9;
    oarlock_error *error = NULL;
    claims[1].mode = cases[i].mode;
    claims[1].limit = cases[i].limit;
    CHECK_STATUS(cases[i].status,
                 oarlock_try_acquire(manager, claims, 2, NULL, &lock, NULL, &error));
    CHECK((cases[i].status == OARLOCK_OK) == (lock != 0 && error == NULL));
    CHECK_STATUS(cases[i].status, oarlock_error_code(error));
    oarlock_error_free(error);
    if (lock) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  }
  check_done(manager);
}

static void an_upgrade_takes_the_limit_away(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock lock = check_hold(manager, oarlock_read_limited("a", 1));
  CHECK_STATUS(OARLOCK_OK, oarlock_try_upgrade(manager, lock, NULL, NULL));
  CHECK(!check_free(manager, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_downgrade(manager, lock));
  CHECK(check_free(manager, oarlock_read_limited("a", 1))); /* a plain read now */
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

/* A read of which one stands at a time: nobody else's of its kind is in the way of
 * its upgrade, held or waiting. */
static void an_upgradable_read_is_upgraded_alone(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock lock = check_hold(manager, oarlock_upgradable("a"));
  const oarlock_lock plain = check_hold(manager, oarlock_read("a"));
  const oarlock_lock next = check_queue(manager, oarlock_upgradable("a"));
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK, oarlock_try_upgrade(manager, lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, plain));
  CHECK_STATUS(OARLOCK_OK, oarlock_try_upgrade(manager, lock, NULL, NULL));
  CHECK(check_state(manager, next) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, next, OARLOCK_FOREVER, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_try_upgrade(manager, next, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, next));
  check_done(manager);
}

int main(void) {
  RUN(as_many_as_the_limit);
  RUN(permits_are_first_in_first_out);
  RUN(limits_that_make_no_sense);
  RUN(an_upgrade_takes_the_limit_away);
  RUN(an_upgradable_read_is_upgraded_alone);
  return check_failed_tests != 0;
}
