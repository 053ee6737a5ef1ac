/* Structs that grow: callers that were compiled with an older header pass smaller
 * ones, callers with a newer one larger ones. What lies behind is not touched. */
#include "check.h"

#include <stddef.h>

enum { CANARY = 0x5a, BEHIND = 64, LARGEST = 4096 };

/* A struct at the beginning of a larger place, all else filled with a canary. */
union place {
  oarlock_manager_options manager;
  oarlock_request_options request;
  oarlock_request_info info;
  oarlock_stats stats;
  uint32_t struct_size;
  unsigned char bytes[LARGEST + BEHIND];
};

static union place place; /* too large for a stack */

static void fill(const void *value, size_t known, size_t size, int behind) {
  memset(&place, behind, sizeof place);
  memcpy(&place, value, known);
  place.struct_size = (uint32_t)size;
}

static int is_filled(size_t begin, size_t end, int byte) {
  for (size_t i = begin; i < end; i++) {
    if (place.bytes[i] != byte) return 0;
  }
  return 1;
}

/* Sizes that no version of a struct of this size has. */
static const size_t never[] = {0, 1, 4, 7, 8, LARGEST + 1, UINT32_MAX};
enum { NEVER = sizeof never / sizeof *never };

/* The limit that a manager has, as far as this test tells them apart. */
static oarlock_status make(size_t *max_claims) {
  oarlock_manager *manager = NULL;
  oarlock_error *error = NULL;
  const oarlock_status status = oarlock_manager_new(&place.manager, &manager, &error);
  CHECK((status == OARLOCK_OK) == (manager != NULL) && (status == OARLOCK_OK) == (error == NULL));
  CHECK_STATUS(status, oarlock_error_code(error));
  oarlock_error_free(error);
  *max_claims = 0;
  if (status != OARLOCK_OK) return status;
  const oarlock_claim claims[4] = {oarlock_read("a"), oarlock_read("b"), oarlock_read("c"),
                                   oarlock_read("d")};
  int32_t would = 0;
  while (*max_claims < 4 && oarlock_would_grant(manager, claims, *max_claims + 1, NULL, &would,
                                                NULL) == OARLOCK_OK) {
    ++*max_claims;
  }
  check_done(manager);
  return status;
}

static void older_options_of_a_manager(void) {
  static const size_t sizes[] = {offsetof(oarlock_manager_options, max_request_segments),
                                 offsetof(oarlock_manager_options, max_waiting)};
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  size_t max_claims = 0;
  options.max_claims = 2;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    /* What lies behind would be limits of nonsense, and reserved fields that are set. */
    fill(&options, sizes[i], sizes[i], CANARY);
    CHECK_STATUS(OARLOCK_OK, make(&max_claims));
    CHECK(max_claims == 2);
  }
  /* A field at the end of the first version is behind its end for that one. */
  options.max_request_segments = 1;
  options.max_claims = 0;
  fill(&options, sizeof options, sizes[0], 0);
  CHECK_STATUS(OARLOCK_OK, make(&max_claims));
  CHECK(max_claims == 4);
  fill(&options, sizeof options, sizes[1], 0);
  CHECK_STATUS(OARLOCK_OK, make(&max_claims));
  CHECK(max_claims == 1);
}

static void newer_options_of_a_manager(void) {
  const oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  static const size_t more[] = {0, 1, 8, 100, LARGEST - sizeof(oarlock_manager_options)};
  size_t max_claims = 0;
  for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
    const size_t size = sizeof options + more[i];
    fill(&options, sizeof options, size, 0);
    memset(place.bytes + size, CANARY, sizeof place - size); /* not the caller's */
    CHECK_STATUS(OARLOCK_OK, make(&max_claims));
    if (more[i] == 0) continue;
    /* The last byte of what this version does not know is set. */
    place.bytes[size - 1] = 1;
    CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, make(&max_claims));
  }
}

static void impossible_options_of_a_manager(void) {
  const oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  size_t max_claims = 0;
  for (int i = 0; i < NEVER; i++) {
    fill(&options, sizeof options, never[i], 0);
    CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, make(&max_claims));
  }
  fill(&options, sizeof options, sizeof options - 1, 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, make(&max_claims));
  fill(&options, sizeof options, sizeof options, 0);
  place.manager.reserved = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, make(&max_claims));
  fill(&options, sizeof options, sizeof options, 0);
  place.manager.reserved_end = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, make(&max_claims));
}

/* Whether a request with these options is taken, and has its label then. */
static oarlock_status request(const oarlock_manager *manager) {
  const oarlock_claim claim = oarlock_write("a");
  oarlock_snapshot *snapshot = NULL;
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  oarlock_lock lock = 9;
  const oarlock_status status =
      oarlock_try_acquire(manager, &claim, 1, &place.request, &lock, NULL, NULL);
  CHECK((status == OARLOCK_OK) == (lock != 0));
  if (status != OARLOCK_OK) return status;
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect_lock(manager, lock, &snapshot, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_snapshot_get(snapshot, 0, &info));
  CHECK(check_is(info.label, "labelled"));
  oarlock_snapshot_free(snapshot);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  return status;
}

static void options_of_a_request(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_request_options options = check_options(NULL, "labelled");
  for (size_t more = 0; more <= 24; more += 8) {
    const size_t size = sizeof options + more;
    fill(&options, sizeof options, size, 0);
    memset(place.bytes + size, CANARY, sizeof place - size);
    CHECK_STATUS(OARLOCK_OK, request(manager));
    if (more == 0) continue;
    place.bytes[sizeof options] = 1;
    CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, request(manager));
  }
  for (int i = 0; i < NEVER; i++) {
    fill(&options, sizeof options, never[i], 0);
    CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, request(manager));
  }
  /* There was no smaller version yet. */
  fill(&options, sizeof options, offsetof(oarlock_request_options, label), 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, request(manager));
  fill(&options, sizeof options, sizeof options, 0);
  place.request.reserved = 1;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, request(manager));
  check_done(manager);
}

/* Both structs that are filled in: of the present size, of a newer version, of none. */
struct filled {
  size_t size;
  oarlock_status (*fill_in)(void);
  oarlock_status (*fail)(void); /* the struct is right, something else is not */
};

static oarlock_manager *shared;
static oarlock_snapshot *seen;

static oarlock_status fill_stats(void) { return oarlock_stats_get(shared, &place.stats); }
static oarlock_status fail_stats(void) { return oarlock_stats_get(NULL, &place.stats); }
static oarlock_status fill_info(void) { return oarlock_snapshot_get(seen, 0, &place.info); }
static oarlock_status fail_info(void) { return oarlock_snapshot_get(seen, 1, &place.info); }

static const struct filled outputs[] = {
    {sizeof(oarlock_stats), fill_stats, fail_stats},
    {sizeof(oarlock_request_info), fill_info, fail_info},
};

static void structs_that_are_filled_in(void) {
  shared = check_manager();
  const oarlock_lock held = check_hold(shared, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect_lock(shared, held, &seen, NULL));
  for (size_t which = 0; which < sizeof outputs / sizeof *outputs; which++) {
    const struct filled *const output = &outputs[which];
    const unsigned char nothing = 0;
    for (size_t more = 0; more <= 40; more += 8) {
      const size_t size = output->size + more;
      fill(&nothing, 0, size, CANARY);
      CHECK_STATUS(OARLOCK_OK, output->fill_in());
      CHECK(place.struct_size == size);
      CHECK(!is_filled(4, output->size, CANARY));
      CHECK(is_filled(output->size, size, 0)); /* this version has nothing to say there */
      CHECK(is_filled(size, sizeof place, CANARY));
      if (which == 0) CHECK(place.stats.held == 1 && place.stats.reserved == 0);
      if (which == 1) CHECK(place.info.lock == held && place.info.reserved == 0);
      fill(&nothing, 0, size, CANARY);
      CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, output->fail());
      CHECK(place.struct_size == size && is_filled(4, size, 0));
      CHECK(is_filled(size, sizeof place, CANARY));
    }
    /* The largest that will ever be. */
    fill(&nothing, 0, LARGEST, CANARY);
    CHECK_STATUS(OARLOCK_OK, output->fill_in());
    CHECK(is_filled(output->size, LARGEST, 0) && is_filled(LARGEST, sizeof place, CANARY));
    /* Of none: then not a byte is written. There was no smaller version yet. */
    for (int i = 0; i <= NEVER + 1; i++) {
      const size_t size = i < NEVER ? never[i] : output->size - (i == NEVER ? 1 : 8);
      fill(&nothing, 0, size, CANARY);
      CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, output->fill_in());
      CHECK(place.struct_size == (uint32_t)size && is_filled(4, sizeof place, CANARY));
    }
  }
  oarlock_snapshot_free(seen);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(shared, held));
  check_done(shared);
}

int main(void) {
  RUN(older_options_of_a_manager);
  RUN(newer_options_of_a_manager);
  RUN(impossible_options_of_a_manager);
  RUN(options_of_a_request);
  RUN(structs_that_are_filled_in);
  return check_failed_tests != 0;
}
