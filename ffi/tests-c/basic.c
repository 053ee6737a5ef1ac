/* What a lock covers, and what its token says. */
#include "check.h"

static void a_write_excludes_what_lies_above_and_below(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock lock = check_hold(manager, oarlock_write("a/b"));
  CHECK(lock != 0);
  CHECK(!check_free(manager, oarlock_write("a/b")));
  CHECK(!check_free(manager, oarlock_read("a")));
  CHECK(!check_free(manager, oarlock_read("a/b/c")));
  CHECK(!check_free(manager, oarlock_write("")));
  CHECK(check_free(manager, oarlock_write("a/c")));
  CHECK(check_free(manager, oarlock_write("a/bc")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void reads_share(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock one = check_hold(manager, oarlock_read("a"));
  const oarlock_lock two = check_hold(manager, oarlock_read("a/b"));
  CHECK(one != two);
  CHECK(!check_free(manager, oarlock_write("a/b")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two));
  CHECK(!check_free(manager, oarlock_write("a/b")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one));
  check_done(manager);
}

static void a_request_is_all_or_nothing(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim both[2] = {oarlock_write("a"), oarlock_write("b")};
  const oarlock_lock held = check_hold(manager, oarlock_read("b"));
  oarlock_lock lock = 99;
  uint64_t token = 99;
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK,
               oarlock_try_acquire(manager, both, 2, NULL, &lock, &token, NULL));
  CHECK(lock == 0 && token == 0);
  CHECK(check_free(manager, oarlock_write("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK,
               oarlock_acquire(manager, both, 2, NULL, OARLOCK_FOREVER, &lock, &token, NULL));
  CHECK(lock != 0 && token != 0);
  CHECK(!check_free(manager, oarlock_read("a")) && !check_free(manager, oarlock_read("b")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void segments_are_taken_as_they_are(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_str slash[1] = {{"a/b", 3}};
  const oarlock_str nul[2] = {{"a\0b", 3}, {NULL, 0}};
  const oarlock_str plain[2] = {{"a", 1}, {"b", 1}};
  const oarlock_lock text = check_hold(manager, oarlock_write("a/b"));
  CHECK(!check_free(manager, oarlock_claim_segments(OARLOCK_READ, plain, 2)));
  const oarlock_lock one = check_hold(manager, oarlock_claim_segments(OARLOCK_WRITE, slash, 1));
  const oarlock_lock two = check_hold(manager, oarlock_claim_segments(OARLOCK_WRITE, nul, 2));
  CHECK(check_free(manager, oarlock_claim_text(OARLOCK_READ, nul[1])) == 0); /* the root */
  CHECK(!check_free(manager, oarlock_claim_segments(OARLOCK_READ, nul, 1)));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two));
  CHECK(check_free(manager, oarlock_claim_segments(OARLOCK_READ, nul, 1)));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, text));
  /* Text may hold NUL, too: its length counts. */
  const oarlock_str long_text = {"x\0y/z", 5};
  const oarlock_lock bytes = check_hold(manager, oarlock_claim_text(OARLOCK_WRITE, long_text));
  CHECK(check_free(manager, oarlock_write("x")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, bytes));
  check_done(manager);
}

static void the_root_has_three_spellings(void) {
  const oarlock_str none[1] = {{NULL, 0}};
  const oarlock_claim roots[3] = {
      oarlock_write(""),
      oarlock_write(NULL),
      oarlock_claim_segments(OARLOCK_WRITE, none, 0),
  };
  oarlock_manager *manager = check_manager();
  for (int i = 0; i < 3; i++) {
    const oarlock_lock lock = check_hold(manager, roots[i]);
    CHECK(!check_free(manager, oarlock_read("anything")));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  }
  /* One empty segment is a path of its own, below the root. */
  const oarlock_lock lock = check_hold(manager, oarlock_claim_segments(OARLOCK_WRITE, none, 1));
  CHECK(check_free(manager, oarlock_write("anything")));
  CHECK(!check_free(manager, oarlock_write("")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void a_later_holder_has_a_greater_token(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  uint64_t last = 0;
  for (int i = 0; i < 10; i++) {
    oarlock_lock lock = 0;
    uint64_t token = 0, again = 0;
    CHECK_STATUS(OARLOCK_OK, oarlock_acquire(manager, &claim, 1, NULL, 0, &lock, &token, NULL));
    CHECK(token > last);
    CHECK_STATUS(OARLOCK_OK, oarlock_lock_token(manager, lock, &again));
    CHECK(again == token);
    last = token;
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  }
  check_done(manager);
}

static void an_error_tells_about_this_very_case(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("red//blue");
  oarlock_lock lock = 0;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_acquire(manager, &claim, 1, NULL, 0, &lock, NULL, &error));
  assert(error != NULL);
  oarlock_manager_free(manager); /* the error outlives it */
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, oarlock_error_code(error));
  CHECK(strstr(oarlock_error_message(error), "red//blue") != NULL);
  oarlock_error_free(error);
  manager = check_manager();
  const oarlock_claim good = oarlock_write("red/blue");
  CHECK_STATUS(OARLOCK_OK, oarlock_acquire(manager, &good, 1, NULL, 0, &lock, NULL, &error));
  CHECK(error == NULL);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

int main(void) {
  RUN(a_write_excludes_what_lies_above_and_below);
  RUN(reads_share);
  RUN(a_request_is_all_or_nothing);
  RUN(segments_are_taken_as_they_are);
  RUN(the_root_has_three_spellings);
  RUN(a_later_holder_has_a_greater_token);
  RUN(an_error_tells_about_this_very_case);
  return check_failed_tests != 0;
}
