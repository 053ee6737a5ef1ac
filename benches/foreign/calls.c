/*
 * Acquire + release through the C library, as src/workloads/c.rs does it through the
 * Rust one: the same names, in cases of the same name.
 */
#include <oarlock.h>
#include <stdlib.h>

#include "foreign.h"

static const char ONE[] = "user-00000000042", OTHER[] = "user-00000000043";
static const char DEEP[] = "user-00000000042/documents/letter-000000001";
enum { SECOND = 1000000000 };

static void *open_manager(void) {
  oarlock_manager *manager = NULL;
  if (oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) abort();
  return manager;
}

static void close_manager(void *manager) { oarlock_manager_free((oarlock_manager *)manager); }

static inline void must(oarlock_status status) {
  if (status != OARLOCK_OK) abort();
}

/* One claim that writes `text`, waited for so long. */
static inline void pairs(void *state, uint64_t times, const char *text, int64_t timeout) {
  const oarlock_manager *const manager = (const oarlock_manager *)state;
  for (uint64_t i = 0; i < times; ++i) {
    oarlock_lock lock;
    OPAQUE(text);
    const oarlock_claim claim = oarlock_write(text);
    must(oarlock_acquire(manager, &claim, 1, NULL, timeout, &lock, NULL, NULL));
    must(oarlock_release(manager, lock));
  }
}

static void one_segment(void *state, uint64_t times) { pairs(state, times, ONE, OARLOCK_FOREVER); }
static void three_segments(void *state, uint64_t times) {
  pairs(state, times, DEEP, OARLOCK_FOREVER);
}
static void with_timeout(void *state, uint64_t times) { pairs(state, times, ONE, SECOND); }

static void list(void *state, uint64_t times) {
  const oarlock_manager *const manager = (const oarlock_manager *)state;
  const char *user = ONE, *folder = "documents", *letter = "letter-000000001";
  for (uint64_t i = 0; i < times; ++i) {
    oarlock_lock lock;
    OPAQUE(user);
    OPAQUE(folder);
    OPAQUE(letter);
    const oarlock_str segments[] = {oarlock_str_of(user), oarlock_str_of(folder),
                                    oarlock_str_of(letter)};
    const oarlock_claim claim = oarlock_claim_segments(OARLOCK_WRITE, segments, 3);
    must(oarlock_acquire(manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL));
    must(oarlock_release(manager, lock));
  }
}

static void two_claims(void *state, uint64_t times) {
  const oarlock_manager *const manager = (const oarlock_manager *)state;
  const char *one = ONE, *other = OTHER;
  for (uint64_t i = 0; i < times; ++i) {
    oarlock_lock lock;
    OPAQUE(one);
    OPAQUE(other);
    const oarlock_claim claims[] = {oarlock_write(one), oarlock_write(other)};
    must(oarlock_acquire(manager, claims, 2, NULL, OARLOCK_FOREVER, &lock, NULL, NULL));
    must(oarlock_release(manager, lock));
  }
}

static void trying(void *state, uint64_t times) {
  const oarlock_manager *const manager = (const oarlock_manager *)state;
  const char *text = ONE;
  for (uint64_t i = 0; i < times; ++i) {
    oarlock_lock lock;
    OPAQUE(text);
    const oarlock_claim claim = oarlock_write(text);
    must(oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, NULL));
    must(oarlock_release(manager, lock));
  }
}

static void enqueueing(void *state, uint64_t times) {
  const oarlock_manager *const manager = (const oarlock_manager *)state;
  const char *text = ONE;
  for (uint64_t i = 0; i < times; ++i) {
    oarlock_lock lock;
    oarlock_state granted;
    OPAQUE(text);
    const oarlock_claim claim = oarlock_write(text);
    must(oarlock_enqueue(manager, &claim, 1, NULL, &lock, &granted, NULL, NULL));
    must(oarlock_release(manager, lock));
  }
}

static void *open_held(void) {
  void *const manager = open_manager();
  const oarlock_claim claim = oarlock_write(ONE);
  oarlock_lock lock;
  must(oarlock_try_acquire((const oarlock_manager *)manager, &claim, 1, NULL, &lock, NULL, NULL));
  return manager;
}

static void refused(void *state, uint64_t times) {
  const oarlock_manager *const manager = (const oarlock_manager *)state;
  const char *text = ONE;
  for (uint64_t i = 0; i < times; ++i) {
    oarlock_lock lock;
    OPAQUE(text);
    const oarlock_claim claim = oarlock_write(text);
    if (oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, NULL) !=
        OARLOCK_ERR_WOULD_BLOCK)
      abort();
  }
}

static void reading(void *state, uint64_t times) {
  const oarlock_manager *const manager = (const oarlock_manager *)state;
  const char *text = ONE;
  for (uint64_t i = 0; i < times; ++i) {
    oarlock_lock lock;
    OPAQUE(text);
    const oarlock_claim claim = oarlock_read(text);
    must(oarlock_acquire(manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL));
    must(oarlock_release(manager, lock));
  }
}

static const struct foreign_case CASES[] = {
    {"one segment", open_manager, one_segment, close_manager},
    {"one segment, read", open_manager, reading, close_manager},
    {"three segments", open_manager, three_segments, close_manager},
    {"three segments, as a list", open_manager, list, close_manager},
    {"two claims", open_manager, two_claims, close_manager},
    {"with a timeout", open_manager, with_timeout, close_manager},
    {"try_acquire", open_manager, trying, close_manager},
    {"enqueue, granted at once", open_manager, enqueueing, close_manager},
    {"try_acquire, refused", open_held, refused, close_manager},
};

const struct foreign_case *foreign_cases(size_t *out_count) {
  *out_count = sizeof CASES / sizeof CASES[0];
  return CASES;
}
