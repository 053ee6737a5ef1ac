/* Giving back a part: downgrades, and single claims of a request. */
#include "beyond.h"

static oarlock_lock hold_all(const oarlock_manager *manager, const oarlock_claim *claims,
                             size_t count) {
  oarlock_lock lock = 0;
  const oarlock_status status =
      oarlock_acquire(manager, claims, count, NULL, 0, &lock, NULL, NULL);
  assert(status == OARLOCK_OK);
  return lock;
}

static void a_downgrade_lets_readers_in(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claims[2] = {oarlock_write("a"), oarlock_write("b")};
  const oarlock_lock lock = hold_all(manager, claims, 2);
  const uint64_t token = check_token(manager, lock);
  const oarlock_lock reader = check_queue(manager, oarlock_read("a"));
  const oarlock_lock writer = check_queue(manager, oarlock_write("b"));
  CHECK_STATUS(OARLOCK_OK, oarlock_downgrade(manager, lock));
  CHECK(check_state(manager, reader) == OARLOCK_GRANTED);
  CHECK(check_state(manager, writer) == OARLOCK_WAITING);
  CHECK(check_token(manager, lock) == token);
  CHECK_STATUS(OARLOCK_OK, oarlock_downgrade(manager, lock)); /* nothing left to do */
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, reader));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, writer));
  check_done(manager);
}

static void claims_are_released_one_by_one(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_str list[2] = {{"b/c", 3}, {"d\0e", 3}};
  const oarlock_claim claims[3] = {oarlock_write("a/x"),
                                   oarlock_claim_segments(OARLOCK_WRITE, list, 2),
                                   oarlock_read("z")};
  const oarlock_str split[2] = {{"a", 1}, {"x", 1}};
  const oarlock_lock lock = hold_all(manager, claims, 3);
  const uint64_t token = check_token(manager, lock);
  const oarlock_lock waits = check_queue(manager, oarlock_read("a"));
  /* As a list what was claimed as text. */
  CHECK_STATUS(OARLOCK_OK,
               oarlock_release_part(manager, lock, oarlock_path_list(split, 2), NULL));
  CHECK(check_state(manager, waits) == OARLOCK_GRANTED);
  CHECK(check_token(manager, lock) == token);
  CHECK(!check_free(manager, oarlock_claim_segments(OARLOCK_READ, list, 2)));
  CHECK_STATUS(OARLOCK_OK, oarlock_release_part(manager, lock, oarlock_path_list(list, 2), NULL));
  CHECK(check_free(manager, oarlock_claim_segments(OARLOCK_WRITE, list, 1)));
  CHECK(!check_free(manager, oarlock_write("z")));
  /* The last one ends the request. */
  CHECK_STATUS(OARLOCK_OK, oarlock_release_part(manager, lock, oarlock_path_of("z"), NULL));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(manager, lock));
  CHECK_STATUS(OARLOCK_ERR_STALE,
               oarlock_release_part(manager, lock, oarlock_path_of("z"), NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  check_done(manager);
}

static void only_exactly_what_is_claimed(void) {
  oarlock_manager *const manager = check_manager();
  /* "a/b" is dropped: "a" covers it. */
  const oarlock_claim claims[3] = {oarlock_write("a"), oarlock_read("a/b"), oarlock_read("")};
  const oarlock_lock lock = hold_all(manager, claims, 3);
  const char *const others[] = {"a/b", "a/b/c", "b", "A"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    oarlock_error *error = NULL;
    CHECK_STATUS(OARLOCK_ERR_NOT_CLAIMED,
                 oarlock_release_part(manager, lock, oarlock_path_of(others[i]), &error));
    CHECK_STATUS(OARLOCK_ERR_NOT_CLAIMED, oarlock_error_code(error));
    oarlock_error_free(error);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release_part(manager, lock, oarlock_path_of(""), NULL));
  CHECK(check_free(manager, oarlock_write("b")) && !check_free(manager, oarlock_read("a/b")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void malformed_paths_are_refused(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock lock = check_hold(manager, oarlock_write("a"));
  static const char *const texts[] = {"a//b", "/a", "a/", "/"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
                 oarlock_release_part(manager, lock, oarlock_path_of(texts[i]), NULL));
  }
  CHECK(check_state(manager, lock) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void paths_beyond_the_limits(void) {
  struct beyond paths[BEYOND];
  beyond_limits(paths);
  oarlock_manager *const manager = check_manager();
  const oarlock_lock lock = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < BEYOND; i++) {
    oarlock_error *error = NULL;
    CHECK_STATUS(paths[i].status, oarlock_release_part(manager, lock, paths[i].path, &error));
    CHECK_STATUS(paths[i].status, oarlock_error_code(error));
    oarlock_error_free(error);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void what_waits_has_nothing_to_give_back(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waits = check_queue(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED, oarlock_downgrade(manager, waits));
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED,
               oarlock_release_part(manager, waits, oarlock_path_of("a"), NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  check_done(manager);
}

static void parts_are_released_after_a_close(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claims[2] = {oarlock_write("a"), oarlock_write("b")};
  const oarlock_lock lock = hold_all(manager, claims, 2);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  CHECK_STATUS(OARLOCK_OK, oarlock_downgrade(manager, lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release_part(manager, lock, oarlock_path_of("a"), NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release_part(manager, lock, oarlock_path_of("b"), NULL));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_downgrade(manager, lock));
  oarlock_manager_free(manager);
}

int main(void) {
  RUN(a_downgrade_lets_readers_in);
  RUN(claims_are_released_one_by_one);
  RUN(only_exactly_what_is_claimed);
  RUN(malformed_paths_are_refused);
  RUN(paths_beyond_the_limits);
  RUN(what_waits_has_nothing_to_give_back);
  RUN(parts_are_released_after_a_close);
  return check_failed_tests != 0;
}
