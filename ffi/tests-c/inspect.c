/* Looking at requests: who, what, since when. */
#include "beyond.h"

static oarlock_snapshot *look(const oarlock_manager *manager, oarlock_path path, size_t count) {
  oarlock_snapshot *snapshot = NULL;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect(manager, path, &snapshot, &error));
  CHECK(error == NULL && oarlock_snapshot_count(snapshot) == count);
  return snapshot;
}

static oarlock_request_info get(const oarlock_snapshot *snapshot, size_t index) {
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_snapshot_get(snapshot, index, &info));
  CHECK(info.struct_size == sizeof info && info.reserved == 0);
  CHECK(info.lock != 0 && info.claims != NULL && info.claim_count > 0);
  return info;
}

/* Whether a claim is this one, on a path of these segments. */
static int is_claim(const oarlock_claim *claim, int32_t mode, uint32_t limit,
                    const oarlock_str *segments, size_t count) {
  int same = claim->mode == mode && claim->limit == limit && claim->path.text.len == 0 &&
             claim->path.segment_count == count && claim->path.entry == 0;
  for (size_t i = 0; same && i < count; i++) {
    const oarlock_str seen = claim->path.segments[i];
    same = seen.len == segments[i].len && memcmp(seen.ptr, segments[i].ptr, seen.len) == 0;
  }
  return same;
}

static void a_request_is_shown_in_full(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_owner *const owner = check_owner(manager);
  const oarlock_request_options options = check_options(owner, "the w\xc3\xb6rker");
  const oarlock_str odd[3] = {{"a/b", 3}, {"c\0d", 3}, {"", 0}};
  const oarlock_str plain[2] = {{"x", 1}, {"y", 1}};
  /* In the order of their paths; what another one covers is dropped. */
  const oarlock_claim claims[4] = {oarlock_write("x/y"), oarlock_read("x/y/z"),
                                   oarlock_claim_segments(OARLOCK_READ, odd, 3),
                                   oarlock_read_limited("x", 7)};
  oarlock_lock lock = 0;
  uint64_t token = 0;
  CHECK_STATUS(OARLOCK_OK,
               oarlock_acquire(manager, claims, 4, &options, 0, &lock, &token, NULL));
  oarlock_snapshot *snapshot = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect_lock(manager, lock, &snapshot, NULL));
  CHECK(oarlock_snapshot_count(snapshot) == 1);
  const oarlock_request_info info = get(snapshot, 0);
  CHECK(info.lock == lock && info.state == OARLOCK_GRANTED && info.token == token);
  CHECK(info.owner == oarlock_owner_id(owner) && info.upgrading == 0);
  CHECK(check_is(info.label, "the w\xc3\xb6rker"));
  CHECK(info.claim_count == 3);
  if (info.claim_count == 3) {
    CHECK(is_claim(&info.claims[0], OARLOCK_READ, 0, odd, 3));
    CHECK(is_claim(&info.claims[1], OARLOCK_READ_LIMITED, 7, plain, 1));
    CHECK(is_claim(&info.claims[2], OARLOCK_WRITE, 0, plain, 2));
    /* A claim that is shown can be claimed. */
    CHECK(!check_free(manager, info.claims[2]) && check_free(manager, info.claims[0]));
  }
  /* A snapshot does not change, and outlives its manager. */
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  oarlock_owner_free(owner);
  check_done(manager);
  const oarlock_request_info again = get(snapshot, 0);
  CHECK(again.lock == lock && check_is(again.label, "the w\xc3\xb6rker"));
  oarlock_snapshot_free(snapshot);
}

static void a_bare_request_has_neither_owner_nor_label(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write(""));
  const oarlock_lock waits = check_queue(manager, oarlock_read("a"));
  oarlock_snapshot *const all = look(manager, oarlock_path_of(""), 2);
  const oarlock_request_info first = get(all, 0), second = get(all, 1);
  CHECK(first.lock == held && first.state == OARLOCK_GRANTED && first.token != 0);
  CHECK(first.claims[0].path.segment_count == 0 && first.claims[0].mode == OARLOCK_WRITE);
  CHECK(second.lock == waits && second.state == OARLOCK_WAITING && second.token == 0);
  CHECK(first.owner == 0 && first.label.len == 0 && second.owner == 0 && second.label.len == 0);
  oarlock_snapshot_free(all);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  check_done(manager);
}

static void granted_ones_come_first_then_by_age(void) {
  enum { HELD = 3, WAITING = 4 };
  oarlock_manager *const manager = check_manager();
  oarlock_lock held[HELD], waiting[WAITING];
  for (int i = 0; i < HELD; i++) held[i] = check_hold(manager, oarlock_read("a"));
  for (int i = 0; i < WAITING; i++) waiting[i] = check_queue(manager, oarlock_write("a"));
  oarlock_snapshot *const all = look(manager, oarlock_path_of("a"), HELD + WAITING);
  for (size_t i = 0; i < HELD + WAITING; i++) {
    const oarlock_request_info info = get(all, i);
    CHECK(info.state == (i < HELD ? OARLOCK_GRANTED : OARLOCK_WAITING));
    /* Ages of granted ones are coarse, so they may be equal. */
    if (i >= HELD) CHECK(info.lock == waiting[i - HELD]);
    if (i != 0 && i != HELD) CHECK(info.age_ns <= get(all, i - 1).age_ns);
  }
  oarlock_snapshot_free(all);
  for (int i = 0; i < HELD; i++) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[i]));
  for (int i = 0; i < WAITING; i++) {
    CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, waiting[i], 0, NULL, NULL));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waiting[i]));
  }
  check_done(manager);
}

/* The age of one that waits is exact: it grows with the clock. */
static void ages_grow(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const int64_t before = oarlock_now();
  const oarlock_lock waits = check_queue(manager, oarlock_write("a"));
  const int64_t queued = oarlock_now();
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_wait(manager, waits, 50 * CHECK_SOON, NULL, NULL));
  const int64_t begin = oarlock_now();
  oarlock_snapshot *const all = look(manager, oarlock_path_of("a"), 2);
  const int64_t end = oarlock_now();
  const oarlock_request_info holder = get(all, 0), waiter = get(all, 1);
  CHECK(waiter.age_ns >= (uint64_t)(begin - queued) && waiter.age_ns <= (uint64_t)(end - before));
  CHECK(holder.age_ns >= 10 * CHECK_SOON); /* it is exact to about 20 ms */
  oarlock_snapshot_free(all);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits));
  check_done(manager);
}

/* At the path, below it, and above it. */
static void what_is_seen_from_a_path(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_str list[2] = {{"a", 1}, {"b", 1}};
  const oarlock_lock at = check_hold(manager, oarlock_read("a/b"));
  const oarlock_lock below = check_hold(manager, oarlock_read("a/b/c"));
  const oarlock_lock above = check_hold(manager, oarlock_read_limited("a", 1));
  const oarlock_lock beside = check_hold(manager, oarlock_read("a/c"));
  oarlock_snapshot_free(look(manager, oarlock_path_of(""), 4));
  oarlock_snapshot_free(look(manager, oarlock_path_of("a"), 4));
  oarlock_snapshot_free(look(manager, oarlock_path_of("a/b"), 3));
  oarlock_snapshot_free(look(manager, oarlock_path_list(list, 2), 3));
  oarlock_snapshot_free(look(manager, oarlock_path_of("a/b/d"), 2));
  oarlock_snapshot_free(look(manager, oarlock_path_of("a/c"), 2));
  oarlock_snapshot_free(look(manager, oarlock_path_of("elsewhere"), 0));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, beside));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, above));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, below));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, at));
  check_done(manager);
}

static void an_upgrade_is_shown(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock one = check_hold(manager, oarlock_read("a"));
  const oarlock_lock two = check_hold(manager, oarlock_read("a"));
  oarlock_state state = 0;
  for (int upgraded = 0; upgraded < 3; upgraded++) {
    oarlock_snapshot *snapshot = NULL;
    if (upgraded == 1) {
      CHECK_STATUS(OARLOCK_OK, oarlock_upgrade_enqueue(manager, one, &state, NULL, NULL));
    }
    if (upgraded == 2) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, two));
    CHECK_STATUS(OARLOCK_OK, oarlock_inspect_lock(manager, one, &snapshot, NULL));
    const oarlock_request_info info = get(snapshot, 0);
    CHECK(info.state == OARLOCK_GRANTED && info.upgrading == (upgraded == 1));
    CHECK(info.claims[0].mode == (upgraded == 2 ? OARLOCK_WRITE : OARLOCK_READ));
    oarlock_snapshot_free(snapshot);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, one));
  check_done(manager);
}

static void paths_beyond_the_limits(void) {
  struct beyond paths[BEYOND];
  beyond_limits(paths);
  oarlock_manager *const manager = check_manager();
  for (int i = 0; i < BEYOND; i++) {
    oarlock_snapshot *snapshot = (oarlock_snapshot *)&snapshot;
    oarlock_error *error = NULL;
    CHECK_STATUS(paths[i].status, oarlock_inspect(manager, paths[i].path, &snapshot, &error));
    CHECK_STATUS(paths[i].status, oarlock_error_code(error));
    CHECK(snapshot == NULL);
    oarlock_error_free(error);
  }
  check_done(manager);
}

static void what_cannot_be_seen(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_snapshot *snapshot = (oarlock_snapshot *)&snapshot;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_inspect_lock(manager, 77, &snapshot, &error));
  CHECK(snapshot == NULL && oarlock_error_code(error) == OARLOCK_ERR_STALE);
  oarlock_error_free(error);
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_inspect(manager, oarlock_path_of("a//b"), &snapshot, &error));
  CHECK(snapshot == NULL && oarlock_error_code(error) == OARLOCK_ERR_EMPTY_SEGMENT);
  oarlock_error_free(error);
  oarlock_snapshot *const none = look(manager, oarlock_path_of(""), 0);
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  info.lock = info.token = 9;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_snapshot_get(none, 0, &info));
  CHECK(info.struct_size == sizeof info && info.lock == 0 && info.token == 0);
  oarlock_snapshot_free(none);
  check_done(manager);
}

/* Also on a closed manager. */
static void a_closed_manager_shows_what_is_held(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  CHECK(check_queue(manager, oarlock_write("a")) != 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  oarlock_snapshot *const all = look(manager, oarlock_path_of(""), 1);
  CHECK(get(all, 0).lock == held);
  oarlock_snapshot_free(all);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_manager_free(manager);
}

int main(void) {
  RUN(a_request_is_shown_in_full);
  RUN(a_bare_request_has_neither_owner_nor_label);
  RUN(granted_ones_come_first_then_by_age);
  RUN(ages_grow);
  RUN(what_is_seen_from_a_path);
  RUN(an_upgrade_is_shown);
  RUN(paths_beyond_the_limits);
  RUN(what_cannot_be_seen);
  RUN(a_closed_manager_shows_what_is_held);
  return check_failed_tests != 0;
}
