/* The header: versions, shapes, numbers; included twice and from two files. */
#include "oarlock.h"
#include "check.h"
#include "oarlock.h"

/* In header_second.c. */
extern size_t second_claim_size(void);
extern uint32_t second_version(void);

/* The macros are usable where the preprocessor needs them. */
#if OARLOCK_VERSION_NUMBER != OARLOCK_VERSION_MAJOR * 1000000 + OARLOCK_VERSION_MINOR * 1000 + \
                                  OARLOCK_VERSION_PATCH
#error "the version number is not made of its parts"
#endif
#if OARLOCK_OK != 0 || OARLOCK_ERR_STALE >= 0 || OARLOCK_FOREVER != -1
#error "a status is no number for the preprocessor"
#endif

static void versions_agree(void) {
  char text[32];
  snprintf(text, sizeof text, "%d.%d.%d", OARLOCK_VERSION_MAJOR, OARLOCK_VERSION_MINOR,
           OARLOCK_VERSION_PATCH);
  CHECK(strcmp(text, OARLOCK_VERSION) == 0);
  CHECK(strcmp(text, oarlock_version()) == 0);
  CHECK(oarlock_version_number() == OARLOCK_VERSION_NUMBER);
  CHECK(second_version() == OARLOCK_VERSION_NUMBER);
}

/* What a program compiled against 0.1 relies on. A number that fails here has
 * broken the ABI. */
static void shapes_and_numbers_are_those_of_0_1(void) {
  CHECK(sizeof(oarlock_str) == 2 * sizeof(void *));
  CHECK(sizeof(oarlock_path) == 8 + 4 * sizeof(void *));
  CHECK(offsetof(oarlock_path, entry) == 4 * sizeof(void *));
  CHECK(sizeof(oarlock_claim) == 16 + 4 * sizeof(void *));
  CHECK(offsetof(oarlock_claim, path) == 8);
  CHECK(sizeof(oarlock_manager_options) == 16 + 6 * sizeof(size_t));
  CHECK(offsetof(oarlock_manager_options, max_request_segments) == 8 + 4 * sizeof(size_t));
  CHECK(offsetof(oarlock_manager_options, max_waiting) == 8 + 5 * sizeof(size_t));
  CHECK(sizeof(oarlock_request_options) == 8 + 3 * sizeof(void *));
  CHECK(sizeof(oarlock_party) == 24 + 2 * sizeof(void *));
  CHECK(sizeof(oarlock_completion) == 24 + 2 * sizeof(void *));
  CHECK(offsetof(oarlock_request_info, label) == 32);
  CHECK(sizeof(oarlock_request_info) == 48 + 4 * sizeof(void *));
  CHECK(sizeof(oarlock_stats) == 8 + 8 * (11 + 2 * OARLOCK_HISTOGRAM_BUCKETS));
  CHECK(second_claim_size() == sizeof(oarlock_claim));
  CHECK(sizeof(oarlock_lock) == 8 && sizeof(oarlock_status) == 4 && sizeof(oarlock_state) == 4);
  CHECK(OARLOCK_READ == 1 && OARLOCK_WRITE == 2 && OARLOCK_READ_LIMITED == 3);
  CHECK(OARLOCK_WAITING == 1 && OARLOCK_GRANTED == 2 && OARLOCK_NOT_UPGRADED == 3);
  CHECK(OARLOCK_COMPLETION_ACQUIRE == 1 && OARLOCK_COMPLETION_UPGRADE == 2);
  CHECK(OARLOCK_COMPLETION_POST == 3 && OARLOCK_HISTOGRAM_BUCKETS == 48);
  CHECK(OARLOCK_ERR_WOULD_BLOCK == -1 && OARLOCK_ERR_TIMEOUT == -2);
  CHECK(OARLOCK_ERR_CANCELLED == -3 && OARLOCK_ERR_DEADLOCK == -4);
  CHECK(OARLOCK_ERR_CLOSED == -5 && OARLOCK_ERR_STALE == -6);
  CHECK(OARLOCK_ERR_FORKED == -7 && OARLOCK_ERR_PANIC == -8);
  CHECK(OARLOCK_ERR_GRANTED == -9 && OARLOCK_ERR_INTERNAL == -10);
  CHECK(OARLOCK_ERR_NOT_GRANTED == -11 && OARLOCK_ERR_NOT_CLAIMED == -12);
  CHECK(OARLOCK_ERR_UPGRADE_WAITING == -13 && OARLOCK_ERR_UNSUPPORTED == -14);
  CHECK(OARLOCK_ERR_INVALID_ARGUMENT == -20 && OARLOCK_ERR_INVALID_MODE == -21);
  CHECK(OARLOCK_ERR_NO_CLAIMS == -22 && OARLOCK_ERR_EMPTY_SEGMENT == -23);
  CHECK(OARLOCK_ERR_TOO_MANY_CLAIMS == -24 && OARLOCK_ERR_TOO_MANY_SEGMENTS == -25);
  CHECK(OARLOCK_ERR_PATH_TOO_LONG == -26 && OARLOCK_ERR_INVALID_TIMEOUT == -27);
  CHECK(OARLOCK_ERR_TIMEOUT_TOO_LARGE == -28 && OARLOCK_ERR_TOO_MANY_REQUESTS == -29);
  CHECK(OARLOCK_ERR_INVALID_NAME == -30 && OARLOCK_ERR_REQUEST_TOO_LARGE == -31);
  CHECK(OARLOCK_ERR_ZERO_LIMIT == -32 && OARLOCK_ERR_LIMIT_ON_WRITE == -33);
  CHECK(OARLOCK_ERR_FOREIGN_OWNER == -34 && OARLOCK_ERR_TOO_MANY_WAITING == -35);
}

/* The initializers name each field in its place. */
static void structs_start_with_their_sizes(void) {
  const oarlock_manager_options manager = OARLOCK_MANAGER_OPTIONS_INIT;
  const oarlock_request_options request = OARLOCK_REQUEST_OPTIONS_INIT;
  const oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  const oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK(manager.struct_size == sizeof manager && request.struct_size == sizeof request);
  CHECK(info.struct_size == sizeof info && stats.struct_size == sizeof stats);
  CHECK(manager.reserved_end == 0 && request.label.len == 0 && info.claims == NULL);
  CHECK(info.reserved == 0 && stats.hold_time[OARLOCK_HISTOGRAM_BUCKETS - 1] == 0);
}

static void shorthands_fill_in_claims(void) {
  const oarlock_str list[2] = {{"a", 1}, {"b", 1}};
  CHECK(check_is(oarlock_str_of("abc"), "abc") && oarlock_str_of(NULL).len == 0);
  const oarlock_path text = oarlock_path_of("a/b"), segments = oarlock_path_list(list, 2);
  CHECK(check_is(text.text, "a/b") && text.segments == NULL && text.segment_count == 0);
  CHECK(segments.text.len == 0 && segments.segments == list && segments.segment_count == 2);
  CHECK(text.entry == 0 && text.reserved == 0 && segments.entry == 0 && segments.reserved == 0);
  const oarlock_path entry = oarlock_path_entry(segments), same = oarlock_path_entry(entry);
  CHECK(entry.entry == 1 && entry.reserved == 0 && entry.segments == list);
  CHECK(entry.segment_count == 2 && same.entry == 1 && same.segments == list);
  const oarlock_claim claims[] = {oarlock_read("a/b"), oarlock_write("a/b"),
                                  oarlock_read_limited("a/b", 7),
                                  oarlock_claim_text(OARLOCK_WRITE, oarlock_str_of("a/b")),
                                  oarlock_upgradable("a/b"), oarlock_read_entry("a/b"),
                                  oarlock_write_entry("a/b")};
  const int32_t modes[] = {OARLOCK_READ,  OARLOCK_WRITE,        OARLOCK_READ_LIMITED,
                           OARLOCK_WRITE, OARLOCK_READ_LIMITED, OARLOCK_READ,
                           OARLOCK_WRITE};
  const uint32_t limits[] = {0, 0, 7, 0, 1, 0, 0};
  for (int i = 0; i < 7; i++) {
    CHECK(claims[i].mode == modes[i] && claims[i].limit == limits[i]);
    CHECK(check_is(claims[i].path.text, "a/b") && claims[i].path.segments == NULL);
    CHECK(claims[i].path.entry == (i > 4) && claims[i].path.reserved == 0);
  }
  const oarlock_claim listed = oarlock_claim_segments(OARLOCK_READ, list, 2);
  CHECK(listed.mode == OARLOCK_READ && listed.limit == 0 && listed.path.segments == list);
  CHECK(listed.path.entry == 0 && listed.path.reserved == 0);
}

/* Every status of the header has a name of its own, and a sentence. */
static void statuses_have_names(void) {
  static const struct {
    oarlock_status status;
    const char *name;
  } known[] = {
      {OARLOCK_OK, "ok"},
      {OARLOCK_ERR_WOULD_BLOCK, "would-block"},
      {OARLOCK_ERR_TIMEOUT, "timeout"},
      {OARLOCK_ERR_CANCELLED, "cancelled"},
      {OARLOCK_ERR_DEADLOCK, "deadlock"},
      {OARLOCK_ERR_CLOSED, "closed"},
      {OARLOCK_ERR_STALE, "stale"},
      {OARLOCK_ERR_FORKED, "forked"},
      {OARLOCK_ERR_PANIC, "panic"},
      {OARLOCK_ERR_GRANTED, "granted"},
      {OARLOCK_ERR_INTERNAL, "internal"},
      {OARLOCK_ERR_NOT_GRANTED, "not-granted"},
      {OARLOCK_ERR_NOT_CLAIMED, "not-claimed"},
      {OARLOCK_ERR_UPGRADE_WAITING, "upgrade-waiting"},
      {OARLOCK_ERR_UNSUPPORTED, "unsupported"},
      {OARLOCK_ERR_INVALID_ARGUMENT, "invalid-argument"},
      {OARLOCK_ERR_INVALID_MODE, "invalid-mode"},
      {OARLOCK_ERR_NO_CLAIMS, "no-claims"},
      {OARLOCK_ERR_EMPTY_SEGMENT, "empty-segment"},
      {OARLOCK_ERR_TOO_MANY_CLAIMS, "too-many-claims"},
      {OARLOCK_ERR_TOO_MANY_SEGMENTS, "too-many-segments"},
      {OARLOCK_ERR_PATH_TOO_LONG, "path-too-long"},
      {OARLOCK_ERR_INVALID_TIMEOUT, "invalid-timeout"},
      {OARLOCK_ERR_TIMEOUT_TOO_LARGE, "timeout-too-large"},
      {OARLOCK_ERR_TOO_MANY_REQUESTS, "too-many-requests"},
      {OARLOCK_ERR_INVALID_NAME, "invalid-name"},
      {OARLOCK_ERR_REQUEST_TOO_LARGE, "request-too-large"},
      {OARLOCK_ERR_ZERO_LIMIT, "zero-limit"},
      {OARLOCK_ERR_LIMIT_ON_WRITE, "limit-on-write"},
      {OARLOCK_ERR_FOREIGN_OWNER, "foreign-owner"},
      {OARLOCK_ERR_TOO_MANY_WAITING, "too-many-waiting"},
  };
  const int32_t unknown[] = {1, -15, -19, -36, 12345, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    CHECK(strcmp(oarlock_status_name(known[i].status), known[i].name) == 0);
    CHECK(strcmp(oarlock_status_message(known[i].status), "an unknown status") != 0);
    CHECK(oarlock_status_message(known[i].status)[0] != '\0');
  }
  for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
    CHECK(strcmp(oarlock_status_name(unknown[i]), "unknown") == 0);
    CHECK(strcmp(oarlock_status_message(unknown[i]), "an unknown status") == 0);
  }
}

int main(void) {
  RUN(versions_agree);
  RUN(shapes_and_numbers_are_those_of_0_1);
  RUN(structs_start_with_their_sizes);
  RUN(shorthands_fill_in_claims);
  RUN(statuses_have_names);
  return check_failed_tests != 0;
}
