/* Every wrong call gets a status of its own, and nothing else changes. */
#include "check.h"

#include <stddef.h>

/* Tries one claim, with everything asked for, and says the status; checks that
 * the outputs are written. */
static oarlock_status try_claims(const oarlock_manager *manager, const oarlock_claim *claims,
                                 size_t count) {
  oarlock_lock lock = 99;
  uint64_t token = 99;
  oarlock_error *error = NULL;
  const oarlock_status status =
      oarlock_acquire(manager, claims, count, 0, &lock, &token, &error);
  CHECK((status == OARLOCK_OK) == (lock != 0));
  CHECK((status == OARLOCK_OK) == (token != 0));
  CHECK((status == OARLOCK_OK) == (error == NULL));
  CHECK(oarlock_error_code(error) == status);
  CHECK(status == OARLOCK_OK || oarlock_error_message(error)[0] != '\0');
  oarlock_error_free(error);
  if (status == OARLOCK_OK) oarlock_release(manager, lock);

  /* The other ways in refuse it in the same way. */
  oarlock_state state = 99;
  const oarlock_status queued = oarlock_enqueue(manager, claims, count, &lock, &state, &error);
  CHECK(queued == status && (status == OARLOCK_OK) == (state != 0 && lock != 0));
  oarlock_error_free(error);
  if (queued == OARLOCK_OK) oarlock_release(manager, lock);
  const oarlock_status tried = oarlock_try_acquire(manager, claims, count, &lock, &token, &error);
  CHECK(tried == status);
  oarlock_error_free(error);
  if (tried == OARLOCK_OK) oarlock_release(manager, lock);
  return status;
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
  const int32_t modes[] = {0, 3, -1, INT32_MAX, INT32_MIN};
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

static void two_paths_and_reserved_fields(void) {
  const oarlock_str list[1] = {{"a", 1}};
  oarlock_manager *manager = check_manager();
  oarlock_claim both = oarlock_read("a");
  both.segments = list;
  both.segment_count = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, try_one(manager, both));
  oarlock_claim reserved = oarlock_read("a");
  reserved.reserved = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, try_one(manager, reserved));
  check_done(manager);
}

static void null_manager(void) {
  const oarlock_claim claim = oarlock_write("a");
  oarlock_state state = 9;
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, try_claims(NULL, &claim, 1));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_wait(NULL, 1, 0, &token));
  CHECK(token == 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_lock_state(NULL, 1, &state));
  CHECK(state == 0);
  token = 9;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_lock_token(NULL, 1, &token));
  CHECK(token == 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_cancel(NULL, 1));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_release(NULL, 1));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_close(NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_check(NULL));
  oarlock_manager_free(NULL);
  oarlock_error_free(NULL);
  CHECK_STATUS(OARLOCK_OK, oarlock_error_code(NULL));
  CHECK(oarlock_error_message(NULL)[0] == '\0');
}

static void null_outputs(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  uint64_t token = 9;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_acquire(manager, &claim, 1, 0, NULL, &token, NULL));
  CHECK(token == 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_try_acquire(manager, &claim, 1, NULL, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_enqueue(manager, &claim, 1, NULL, &state, NULL));
  CHECK(state == 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_enqueue(manager, &claim, 1, &lock, NULL, NULL));
  CHECK(lock == 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_new(NULL, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_manager_named(oarlock_str_of("x"), NULL, NULL));
  lock = check_hold(manager, claim);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_lock_state(manager, lock, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_lock_token(manager, lock, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, lock, 0, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

static void misaligned_pointers(void) {
  oarlock_manager *manager = check_manager();
  oarlock_claim claims[3];
  uint64_t places[2] = {7, 7};
  oarlock_lock lock = 0;
  memset(claims, 0, sizeof claims);
  const oarlock_claim good = oarlock_write("a");
  const oarlock_claim *const odd = (const oarlock_claim *)(const void *)((char *)claims + 1);
  uint64_t *const odd_out = (uint64_t *)(void *)((char *)places + 1);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_acquire(manager, odd, 1, 0, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_acquire(manager, &good, 1, 0, odd_out, NULL, NULL));
  CHECK(places[0] == 7 && places[1] == 7);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_release((oarlock_manager *)(void *)((char *)manager + 1), 1));
  check_done(manager);
}

static void stale_and_foreign_locks(void) {
  oarlock_manager *one = check_manager(), *two = check_manager();
  const oarlock_lock ended = check_hold(one, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(one, ended));
  const oarlock_lock successor = check_hold(one, oarlock_write("a"));
  const oarlock_lock foreign = check_hold(two, oarlock_write("a"));
  const oarlock_lock bad[] = {ended, foreign, 0, 1, UINT64_MAX, successor ^ 1, successor + 1};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    oarlock_state state = 9;
    uint64_t token = 9;
    CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(one, bad[i]));
    CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_cancel(one, bad[i]));
    CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_wait(one, bad[i], OARLOCK_FOREVER, &token));
    CHECK(token == 0);
    CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_lock_state(one, bad[i], &state));
    CHECK(state == 0);
    CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_lock_token(one, bad[i], &token));
  }
  CHECK(!check_free(one, oarlock_read("a")));
  CHECK(!check_free(two, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(one, successor));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(one, successor));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(two, foreign));
  check_done(one);
  check_done(two);
}

static void timeouts(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  const int64_t negative[] = {-2, -1000, INT64_MIN};
  oarlock_lock lock = 0;
  for (size_t i = 0; i < sizeof negative / sizeof *negative; i++) {
    CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT,
                 oarlock_acquire(manager, &claim, 1, negative[i], &lock, NULL, NULL));
    CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, oarlock_wait(manager, 1, negative[i], NULL));
  }
  CHECK(check_free(manager, claim));
  /* 292 years can be added to now. */
  CHECK_STATUS(OARLOCK_OK, oarlock_acquire(manager, &claim, 1, INT64_MAX, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, lock, INT64_MAX, NULL));
  oarlock_lock none = 9;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_acquire(manager, &claim, 1, 0, &none, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, &claim, 1, 1000000, &none, NULL, NULL));
  CHECK(none == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
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

/* A program compiled against the first header passes a smaller struct, and what
 * lies behind it is not an option. */
static void options_of_the_first_version(void) {
  oarlock_manager *manager = NULL;
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.struct_size = (uint32_t)offsetof(oarlock_manager_options, max_request_segments);
  options.max_claims = 2;
  options.max_request_segments = 1;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_new(&options, &manager, NULL));
  const oarlock_claim three[3] = {oarlock_read("a"), oarlock_read("b"), oarlock_read("c")};
  CHECK_STATUS(OARLOCK_OK, try_claims(manager, three, 2));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_CLAIMS, try_claims(manager, three, 3));
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

static void options_of_the_wrong_shape(void) {
  const uint32_t sizes[] = {0, 4, (uint32_t)sizeof(oarlock_manager_options) - 1, 5000, UINT32_MAX};
  oarlock_manager *manager = NULL;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
    oarlock_error *error = NULL;
    options.struct_size = sizes[i];
    CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_new(&options, &manager, &error));
    CHECK(manager == NULL && error != NULL);
    oarlock_error_free(error);
  }
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.reserved = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_new(&options, &manager, NULL));
  /* A caller of a later version, who sets nothing that we do not know. */
  struct {
    oarlock_manager_options known;
    uint64_t later;
  } newer = {OARLOCK_MANAGER_OPTIONS_INIT, 0};
  newer.known.struct_size = (uint32_t)sizeof newer;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_new(&newer.known, &manager, NULL));
  check_done(manager);
  newer.later = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_new(&newer.known, &manager, NULL));
  CHECK(manager == NULL);
}

static void bad_names(void) {
  oarlock_manager *manager = NULL;
  const oarlock_str null_name = {NULL, 4}, latin1 = {"caf\xe9", 4};
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, oarlock_manager_named(null_name, &manager, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_NAME, oarlock_manager_named(latin1, &manager, NULL));
  CHECK(manager == NULL);
}

static void use_after_close(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_claim claim = oarlock_write("b");
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waiting = check_queue(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(manager));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, try_claims(manager, &claim, 1));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_wait(manager, waiting, OARLOCK_FOREVER, NULL));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(manager, waiting));
  /* What is held stays held. */
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_lock_state(manager, held, &state));
  CHECK(state == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, held, 0, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(manager, held));
  oarlock_manager_free(manager);
}

static void a_manager_is_freed_with_everything_on_it(void) {
  oarlock_manager *manager = check_manager();
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  const oarlock_lock waiting = check_queue(manager, oarlock_write("a/b"));
  CHECK(held != waiting);
  oarlock_manager_free(manager); /* valgrind looks for what is left */
}

static void unknown_statuses_have_names(void) {
  CHECK(strcmp(oarlock_status_name(OARLOCK_ERR_NO_CLAIMS), "no-claims") == 0);
  CHECK(strcmp(oarlock_status_name(OARLOCK_ERR_INVALID_MODE), "invalid-mode") == 0);
  CHECK(strcmp(oarlock_status_name(OARLOCK_ERR_INVALID_TIMEOUT), "invalid-timeout") == 0);
  CHECK(strcmp(oarlock_status_name(OARLOCK_ERR_REQUEST_TOO_LARGE), "request-too-large") == 0);
  CHECK(strcmp(oarlock_status_name(12345), "unknown") == 0);
  CHECK(oarlock_status_message(OARLOCK_ERR_STALE)[0] != '\0');
  CHECK(oarlock_status_message(INT32_MIN)[0] != '\0');
}

int main(void) {
  RUN(no_claims);
  RUN(unknown_mode);
  RUN(empty_segments);
  RUN(null_pointers_in_claims);
  RUN(two_paths_and_reserved_fields);
  RUN(null_manager);
  RUN(null_outputs);
  RUN(misaligned_pointers);
  RUN(stale_and_foreign_locks);
  RUN(timeouts);
  RUN(limits_of_a_manager);
  RUN(a_limit_on_the_whole_request);
  RUN(options_of_the_first_version);
  RUN(default_limits);
  RUN(options_of_the_wrong_shape);
  RUN(bad_names);
  RUN(use_after_close);
  RUN(a_manager_is_freed_with_everything_on_it);
  RUN(unknown_statuses_have_names);
  return check_failed_tests != 0;
}
