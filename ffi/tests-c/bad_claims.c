/* Claims that are no claims, and requests that are too large: each is refused in the
 * same way by every way in, and nothing of it is left. */
#include "check.h"

/* Tries these claims in every way and says the status, which must be the same. */
static oarlock_status try_claims(const oarlock_manager *manager, const oarlock_claim *claims,
                                 size_t count) {
  oarlock_status first = 99;
  for (int way = 0; way < 4; way++) {
    oarlock_lock lock = 99;
    oarlock_state state = 99;
    uint64_t token = 99;
    int32_t would = 99;
    oarlock_error *error = NULL;
    oarlock_status status = OARLOCK_OK;
    switch (way) {
      case 0:
        status = oarlock_acquire(manager, claims, count, NULL, 0, &lock, &token, &error);
        break;
      case 1:
        status = oarlock_try_acquire(manager, claims, count, NULL, &lock, &token, &error);
        break;
      case 2:
        status = oarlock_enqueue(manager, claims, count, NULL, &lock, &state, &token, &error);
        CHECK((status == OARLOCK_OK) == (state == OARLOCK_GRANTED));
        break;
      default:
        status = oarlock_would_grant(manager, claims, count, NULL, &would, &error);
        CHECK((status == OARLOCK_OK) == (would == 1));
        lock = token = status == OARLOCK_OK;
    }
    CHECK((status == OARLOCK_OK) == (lock != 0) && (status == OARLOCK_OK) == (token != 0));
    CHECK((status == OARLOCK_OK) == (error == NULL));
    CHECK_STATUS(status, oarlock_error_code(error));
    CHECK(status == OARLOCK_OK || oarlock_error_message(error)[0] != '\0');
    oarlock_error_free(error);
    if (status == OARLOCK_OK && way < 3) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
    if (way == 0) first = status;
    CHECK_STATUS(first, status);
  }
  return first;
}

static oarlock_status try_one(const oarlock_manager *manager, oarlock_claim claim) {
  return try_claims(manager, &claim, 1);
}

static void no_claims(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  CHECK_STATUS(OARLOCK_ERR_NO_CLAIMS, try_claims(manager, &claim, 0));
  CHECK_STATUS(OARLOCK_ERR_NO_CLAIMS, try_claims(manager, NULL, 0));
  check_done(manager);
}

static void unknown_mode(void) {
  const int32_t modes[] = {0, 4, -1, INT32_MAX, INT32_MIN};
  oarlock_manager *manager = check_manager();
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    CHECK_STATUS(OARLOCK_ERR_INVALID_MODE,
                 try_one(manager, oarlock_claim_text(modes[i], oarlock_str_of("a"))));
  }
  check_done(manager);
}

static void empty_segments(void) {
  const char *const texts[] = {"a//b", "/a", "a/", "/", "//", "a/b//"};
  oarlock_manager *manager = check_manager();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, try_one(manager, oarlock_read(texts[i])));
  }
  check_done(manager);
}

static void null_pointers_in_claims(void) {
  const oarlock_str null_text = {NULL, 1};
  const oarlock_str list[2] = {{"a", 1}, {NULL, 3}};
  oarlock_manager *manager = check_manager();
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, try_claims(manager, NULL, 1));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               try_one(manager, oarlock_claim_text(OARLOCK_READ, null_text)));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               try_one(manager, oarlock_claim_segments(OARLOCK_READ, NULL, 1)));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               try_one(manager, oarlock_claim_segments(OARLOCK_READ, list, 2)));
  CHECK_STATUS(OARLOCK_OK, try_one(manager, oarlock_claim_segments(OARLOCK_READ, NULL, 0)));
  CHECK_STATUS(OARLOCK_OK, try_one(manager, oarlock_claim_segments(OARLOCK_READ, list, 1)));
  check_done(manager);
}

static void a_path_in_both_forms(void) {
  const oarlock_str list[1] = {{"a", 1}};
  oarlock_manager *manager = check_manager();
  oarlock_claim both = oarlock_read("a");
  both.path.segments = list;
  both.path.segment_count = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, try_one(manager, both));
  check_done(manager);
}

static void limits_of_a_manager(void) {
  oarlock_manager *manager = NULL;
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.max_claims = 2;
  options.max_segments = 3;
  options.max_path_bytes = 4;
  options.shards = 1;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_new(&options, &manager, NULL));
  const oarlock_claim three[3] = {oarlock_read("a"), oarlock_read("b"), oarlock_read("c")};
  CHECK_STATUS(OARLOCK_OK, try_claims(manager, three, 2));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_CLAIMS, try_claims(manager, three, 3));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_CLAIMS, try_claims(manager, three, SIZE_MAX));
  CHECK_STATUS(OARLOCK_OK, try_one(manager, oarlock_read("a/b/c")));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_SEGMENTS, try_one(manager, oarlock_read("a/b/c/d")));
  CHECK_STATUS(OARLOCK_OK, try_one(manager, oarlock_read("ab/cd")));
  CHECK_STATUS(OARLOCK_ERR_PATH_TOO_LONG, try_one(manager, oarlock_read("ab/cde")));
  const oarlock_str list[4] = {{"ab", 2}, {"cd", 2}, {NULL, 0}, {"e", 1}};
  CHECK_STATUS(OARLOCK_OK, try_one(manager, oarlock_claim_segments(OARLOCK_READ, list, 3)));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_SEGMENTS,
               try_one(manager, oarlock_claim_segments(OARLOCK_READ, list, 4)));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_SEGMENTS,
               try_one(manager, oarlock_claim_segments(OARLOCK_READ, list, SIZE_MAX)));
  const oarlock_str five[1] = {{"abcde", 5}};
  CHECK_STATUS(OARLOCK_ERR_PATH_TOO_LONG,
               try_one(manager, oarlock_claim_segments(OARLOCK_READ, five, 1)));
  check_done(manager);
}

/* All paths together; in both forms of a path. */
static void a_limit_on_the_whole_request(void) {
  oarlock_manager *manager = NULL;
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.max_request_segments = 4;
  options.shards = 1000; /* as many as there can be */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_new(&options, &manager, NULL));
  const oarlock_str list[2] = {{"c", 1}, {"d", 1}};
  oarlock_claim claims[2] = {oarlock_write("a/b"),
                             oarlock_claim_segments(OARLOCK_READ, list, 2)};
  CHECK_STATUS(OARLOCK_OK, try_claims(manager, claims, 2));
  claims[0] = oarlock_write("a/b/e");
  CHECK_STATUS(OARLOCK_ERR_REQUEST_TOO_LARGE, try_claims(manager, claims, 2));
  CHECK_STATUS(OARLOCK_OK, try_claims(manager, claims, 1));
  check_done(manager);
}

/* Text of `segments` segments of one byte. */
static oarlock_status try_deep(const oarlock_manager *manager, size_t segments) {
  const size_t len = segments * 2 - 1;
  char *const text = (char *)malloc(len);
  assert(text != NULL);
  for (size_t i = 0; i < len; i++) text[i] = i % 2 == 0 ? 'x' : '/';
  const oarlock_str path = {text, len};
  const oarlock_status status = try_one(manager, oarlock_claim_text(OARLOCK_WRITE, path));
  free(text);
  return status;
}

static void default_limits(void) {
  oarlock_manager *manager = check_manager();
  CHECK_STATUS(OARLOCK_OK, try_deep(manager, 1));
  CHECK_STATUS(OARLOCK_OK, try_deep(manager, 79));
  CHECK_STATUS(OARLOCK_OK, try_deep(manager, 1000));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_SEGMENTS, try_deep(manager, 1025));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_SEGMENTS, try_deep(manager, 100000));
  const size_t len = 65537;
  char *const text = (char *)malloc(len);
  assert(text != NULL);
  memset(text, 'x', len);
  const oarlock_str longest = {text, len - 1}, longer = {text, len};
  CHECK_STATUS(OARLOCK_OK, try_one(manager, oarlock_claim_text(OARLOCK_WRITE, longest)));
  CHECK_STATUS(OARLOCK_ERR_PATH_TOO_LONG,
               try_one(manager, oarlock_claim_text(OARLOCK_WRITE, longer)));
  free(text);
  const size_t many = 4097;
  oarlock_claim *const claims = (oarlock_claim *)malloc(many * sizeof *claims);
  assert(claims != NULL);
  for (size_t i = 0; i < many; i++) claims[i] = oarlock_read("a");
  CHECK_STATUS(OARLOCK_OK, try_claims(manager, claims, many - 1));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_CLAIMS, try_claims(manager, claims, many));
  free(claims);
  check_done(manager);
}

static void labels_are_utf_8(void) {
  static const struct {
    oarlock_str label;
    oarlock_status status;
  } labels[] = {{{NULL, 0}, OARLOCK_OK},
                {{"", 0}, OARLOCK_OK},
                {{"a\0b", 3}, OARLOCK_OK},
                {{"\xf0\x9f\x94\x92", 4}, OARLOCK_OK},
                {{NULL, 1}, OARLOCK_ERR_INVALID_ARGUMENT},
                {{"\xff", 1}, OARLOCK_ERR_INVALID_NAME},
                {{"\xf0\x9f\x94", 3}, OARLOCK_ERR_INVALID_NAME}};
  oarlock_manager *const manager = check_manager();
  for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
    oarlock_request_options options = OARLOCK_REQUEST_OPTIONS_INIT;
    const oarlock_claim claim = oarlock_write("a");
    oarlock_lock lock = 9;
    options.label = labels[i].label;
    CHECK_STATUS(labels[i].status,
                 oarlock_acquire(manager, &claim, 1, &options, 0, &lock, NULL, NULL));
    CHECK((lock != 0) == (labels[i].status == OARLOCK_OK));
    if (lock == 0) continue;
    oarlock_snapshot *snapshot = NULL;
    oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
    CHECK_STATUS(OARLOCK_OK, oarlock_inspect_lock(manager, lock, &snapshot, NULL));
    CHECK_STATUS(OARLOCK_OK, oarlock_snapshot_get(snapshot, 0, &info));
    CHECK(info.label.len == labels[i].label.len);
    CHECK(info.label.len == 0 || memcmp(info.label.ptr, labels[i].label.ptr, info.label.len) == 0);
    oarlock_snapshot_free(snapshot);
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  }
  check_done(manager);
}

/* A message may quote what is in the path: C ends a text at a NUL, so it is shown. */
static void a_message_quotes_a_nul(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_str path = {"a\0b//c", 6};
  const oarlock_claim claim = oarlock_claim_text(OARLOCK_WRITE, path);
  oarlock_lock lock = 9;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_acquire(manager, &claim, 1, NULL, 0, &lock, NULL, &error));
  CHECK(strstr(oarlock_error_message(error), "//c") != NULL);
  oarlock_error_free(error);
  check_done(manager);
}

int main(void) {
  RUN(no_claims);
  RUN(unknown_mode);
  RUN(empty_segments);
  RUN(null_pointers_in_claims);
  RUN(a_path_in_both_forms);
  RUN(limits_of_a_manager);
  RUN(a_limit_on_the_whole_request);
  RUN(default_limits);
  RUN(labels_are_utf_8);
  RUN(a_message_quotes_a_nul);
  return check_failed_tests != 0;
}
