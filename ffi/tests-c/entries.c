/* Claims on a path's own entry: beside what is below the path, under what covers it. */
#include "check.h"

static void beside_what_is_below_and_not_what_is_above(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock names = check_hold(manager, oarlock_write_entry("a/b"));
  CHECK(check_free(manager, oarlock_write("a/b/c")));
  CHECK(check_free(manager, oarlock_write_entry("a/b/c")));
  CHECK(check_free(manager, oarlock_write_entry("a")));
  CHECK(check_free(manager, oarlock_write_entry("")));
  CHECK(!check_free(manager, oarlock_read_entry("a/b")));
  CHECK(!check_free(manager, oarlock_read("a/b")));
  CHECK(!check_free(manager, oarlock_read("a")));
  CHECK(!check_free(manager, oarlock_read("")));
  CHECK_STATUS(OARLOCK_OK, oarlock_downgrade(manager, names));
  CHECK(check_free(manager, oarlock_read_entry("a/b")) && check_free(manager, oarlock_read("a")));
  CHECK(!check_free(manager, oarlock_write_entry("a/b")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, names));
  const oarlock_lock root = check_hold(manager, oarlock_write_entry(NULL));
  CHECK(check_free(manager, oarlock_write("a")) && !check_free(manager, oarlock_read("")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, root));
  check_done(manager);
}

/* Text and a list give the same entry, and no segment is one. */
static void in_both_forms_of_a_path(void) {
  const oarlock_str list[] = {{"a", 1}, {"b", 1}, {"", 0}};
  oarlock_manager *const manager = check_manager();
  oarlock_claim listed = oarlock_claim_segments(OARLOCK_WRITE, list, 2);
  listed.path = oarlock_path_entry(listed.path);
  const oarlock_lock lock = check_hold(manager, listed);
  CHECK(!check_free(manager, oarlock_read_entry("a/b")));
  CHECK(check_free(manager, oarlock_claim_segments(OARLOCK_WRITE, list, 3)));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  /* A semaphore on an entry has permits of its own. */
  oarlock_claim limited = oarlock_read_limited("a", 1);
  limited.path.entry = 1;
  const oarlock_lock permit = check_hold(manager, limited);
  CHECK(!check_free(manager, limited) && check_free(manager, oarlock_read_limited("a", 1)));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, permit));
  check_done(manager);
}

/* What is seen can be claimed, looked at and released again. */
static void what_is_shown_leads_back(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claims[] = {oarlock_write("a/b"), oarlock_write_entry("a"),
                                  oarlock_read_entry("")};
  oarlock_lock lock = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_try_acquire(manager, claims, 3, NULL, &lock, NULL, NULL));
  oarlock_snapshot *snapshot = NULL;
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  const oarlock_path entry = oarlock_path_entry(oarlock_path_of("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect(manager, entry, &snapshot, NULL));
  CHECK(oarlock_snapshot_count(snapshot) == 1);
  CHECK_STATUS(OARLOCK_OK, oarlock_snapshot_get(snapshot, 0, &info));
  CHECK(info.lock == lock && info.claim_count == 3);
  /* The root's, then that of "a", then what is below "a". */
  for (size_t i = 0; i < 3 && info.claim_count == 3; i++) {
    CHECK(info.claims[i].path.segment_count == i && info.claims[i].path.reserved == 0);
    CHECK(info.claims[i].path.entry == (i < 2));
    CHECK(info.claims[i].mode == (i == 0 ? OARLOCK_READ : OARLOCK_WRITE));
    CHECK(check_free(manager, info.claims[i]) == (i == 0));
  }
  oarlock_snapshot *beside = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect(manager, oarlock_path_of("a/c"), &beside, NULL));
  CHECK(oarlock_snapshot_count(beside) == 0);
  oarlock_snapshot_free(beside);
  /* The path is not its entry. */
  CHECK_STATUS(OARLOCK_ERR_NOT_CLAIMED,
               oarlock_release_part(manager, lock, oarlock_path_of("a"), NULL));
  for (size_t i = 0; i < info.claim_count; i++) {
    CHECK_STATUS(OARLOCK_OK, oarlock_release_part(manager, lock, info.claims[i].path, NULL));
    CHECK(check_free(manager, oarlock_write_entry("a")) == (i > 0));
  }
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(manager, lock));
  oarlock_snapshot_free(snapshot);
  check_done(manager);
}

static void a_write_of_the_path_covers_it(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claims[] = {oarlock_write_entry("a"), oarlock_write("a")};
  oarlock_lock lock = 0;
  oarlock_snapshot *snapshot = NULL;
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_try_acquire(manager, claims, 2, NULL, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect_lock(manager, lock, &snapshot, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_snapshot_get(snapshot, 0, &info));
  CHECK(info.claim_count == 1 && info.claims[0].path.entry == 0);
  oarlock_snapshot_free(snapshot);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void what_is_no_entry_is_refused(void) {
  static const struct {
    int32_t entry;
    uint32_t reserved;
  } wrong[] = {{2, 0}, {-1, 0}, {INT32_MAX, 0}, {INT32_MIN, 0}, {0, 1}, {1, 1}, {0, UINT32_MAX}};
  oarlock_manager *const manager = check_manager();
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    oarlock_claim claims[] = {oarlock_write("first"), oarlock_write("a")};
    oarlock_lock lock = 9;
    oarlock_error *error = NULL;
    claims[1].path.entry = wrong[i].entry;
    claims[1].path.reserved = wrong[i].reserved;
    CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
                 oarlock_try_acquire(manager, claims, 2, NULL, &lock, NULL, &error));
    CHECK(lock == 0 && strstr(oarlock_error_message(error), "entry") != NULL);
    oarlock_error_free(error);
  }
  oarlock_claim claim = oarlock_read_entry("a/");
  oarlock_lock lock = 9;
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, NULL));
  claim = oarlock_write_entry("a");
  claim.limit = 1;
  CHECK_STATUS(OARLOCK_ERR_LIMIT_ON_WRITE,
               oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, NULL));
  check_done(manager);
}

/* Of one path it is no segment; of all paths of a request it counts as one more. */
static void limits_count_an_entry_in_all_paths(void) {
  oarlock_manager *manager = NULL;
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.max_segments = 2;
  options.max_request_segments = 3;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_new(&options, &manager, NULL));
  CHECK(check_free(manager, oarlock_write_entry("a/b")));
  const oarlock_claim claims[] = {oarlock_write_entry("a/b"), oarlock_write("c")};
  oarlock_lock lock = 9;
  CHECK_STATUS(OARLOCK_ERR_REQUEST_TOO_LARGE,
               oarlock_try_acquire(manager, claims, 2, NULL, &lock, NULL, NULL));
  check_done(manager);
}

int main(void) {
  RUN(beside_what_is_below_and_not_what_is_above);
  RUN(in_both_forms_of_a_path);
  RUN(what_is_shown_leads_back);
  RUN(a_write_of_the_path_covers_it);
  RUN(what_is_no_entry_is_refused);
  RUN(limits_count_an_entry_in_all_paths);
  return check_failed_tests != 0;
}
