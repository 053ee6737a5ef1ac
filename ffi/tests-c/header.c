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
  CHECK(sizeof(oarlock_claim) == 8 + 4 * sizeof(void *));
  CHECK(offsetof(oarlock_claim, path) == 8);
  CHECK(sizeof(oarlock_manager_options) == 8 + 5 * sizeof(size_t));
  CHECK(offsetof(oarlock_manager_options, max_request_segments) == 8 + 4 * sizeof(size_t));
  CHECK(second_claim_size() == sizeof(oarlock_claim));
  CHECK(sizeof(oarlock_lock) == 8 && sizeof(oarlock_status) == 4 && sizeof(oarlock_state) == 4);
  CHECK(OARLOCK_READ == 1 && OARLOCK_WRITE == 2);
  CHECK(OARLOCK_WAITING == 1 && OARLOCK_GRANTED == 2);
  CHECK(OARLOCK_ERR_WOULD_BLOCK == -1 && OARLOCK_ERR_TIMEOUT == -2);
  CHECK(OARLOCK_ERR_CANCELLED == -3 && OARLOCK_ERR_DEADLOCK == -4);
  CHECK(OARLOCK_ERR_CLOSED == -5 && OARLOCK_ERR_STALE == -6);
  CHECK(OARLOCK_ERR_FORKED == -7 && OARLOCK_ERR_PANIC == -8);
  CHECK(OARLOCK_ERR_GRANTED == -9 && OARLOCK_ERR_INTERNAL == -10);
  CHECK(OARLOCK_ERR_INVALID_ARGUMENT == -20 && OARLOCK_ERR_INVALID_MODE == -21);
  CHECK(OARLOCK_ERR_NO_CLAIMS == -22 && OARLOCK_ERR_EMPTY_SEGMENT == -23);
  CHECK(OARLOCK_ERR_TOO_MANY_CLAIMS == -24 && OARLOCK_ERR_TOO_MANY_SEGMENTS == -25);
  CHECK(OARLOCK_ERR_PATH_TOO_LONG == -26 && OARLOCK_ERR_INVALID_TIMEOUT == -27);
  CHECK(OARLOCK_ERR_TIMEOUT_TOO_LARGE == -28 && OARLOCK_ERR_TOO_MANY_REQUESTS == -29);
  CHECK(OARLOCK_ERR_INVALID_NAME == -30 && OARLOCK_ERR_REQUEST_TOO_LARGE == -31);
}

int main(void) {
  RUN(versions_agree);
  RUN(shapes_and_numbers_are_those_of_0_1);
  return check_failed_tests != 0;
}
