/* Asking first: the answer of a try, and nothing changes. */
#include "check.h"

static int32_t would(const oarlock_manager *manager, const oarlock_claim *claims, size_t count,
                     const oarlock_request_options *options) {
  int32_t answer = 9;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_would_grant(manager, claims, count, options, &answer, &error));
  CHECK(error == NULL);
  return answer;
}

static void the_answer_is_that_of_a_try(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const owner = check_owner(manager);
  const oarlock_request_options own = check_options(owner, "asks");
  const oarlock_lock held = check_hold_as(manager, oarlock_write("a/b"), &own);
  const oarlock_lock reads = check_hold(manager, oarlock_read("c"));
  const oarlock_lock waits = check_queue(manager, oarlock_write("c"));
  const oarlock_claim claims[][2] = {
      {oarlock_write("a/b"), oarlock_write("x")}, {oarlock_read("a"), oarlock_read("x")},
      {oarlock_read("a/b/c"), oarlock_write("x")}, {oarlock_write("a/c"), oarlock_write("x")},
      {oarlock_read("c"), oarlock_read("x")}, /* one waits ahead */
      {oarlock_read_limited("a/c", 1), oarlock_write("")},
  };
  const oarlock_request_options *const both[] = {NULL, &own};
  oarlock_stats before = OARLOCK_STATS_INIT, after = OARLOCK_STATS_INIT;
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    for (int as = 0; as < 2; as++) {
      for (size_t count = 1; count <= 2; count++) {
        oarlock_lock lock = 0;
        CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &before));
        const int32_t answer = would(manager, claims[i], count, both[as]);
        CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(manager, &after));
        CHECK(memcmp(&before, &after, sizeof before) == 0);
        CHECK_STATUS(answer ? OARLOCK_OK : OARLOCK_ERR_WOULD_BLOCK,
                     oarlock_try_acquire(manager, claims[i], count, both[as], &lock, NULL, NULL));
        CHECK(answer == (lock != 0));
        if (lock) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
      }
    }
  }
  /* One says yes to the owner alone. */
  CHECK(would(manager, claims[0], 1, &own) == 1 && would(manager, claims[0], 1, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, reads));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  oarlock_owner_free(owner);
  check_done(manager);
}

static void what_a_try_refuses_is_refused(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim bad = oarlock_read("a//b"), good = oarlock_read("a");
  int32_t answer = 9;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_would_grant(manager, &bad, 1, NULL, &answer, &error));
  CHECK(answer == 0 && error != NULL);
  oarlock_error_free(error);
  CHECK_STATUS(OARLOCK_ERR_NO_CLAIMS, oarlock_would_grant(manager, NULL, 0, NULL, &answer, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  answer = 9;
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_would_grant(manager, &good, 1, NULL, &answer, NULL));
  CHECK(answer == 0);
  oarlock_manager_free(manager);
}

int main(void) {
  RUN(the_answer_is_that_of_a_try);
  RUN(what_a_try_refuses_is_refused);
  return check_failed_tests != 0;
}
