// Times an uncontended acquire + release through the C library, for
// scripts/bench.sh:
//
//     time_c ROUNDS
//
// Prints one JSON object: for each case the nanoseconds of one pair, a number a
// round.

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "oarlock.h"

enum { LOOPS = 300000, CASES = 4 };

// A revision before limits takes no options: nothing, with its comma.
#ifdef OARLOCK_READ_LIMITED
#define OPTIONS NULL,
#else
#define OPTIONS
#endif

static double nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e9 * (double)now.tv_sec + (double)now.tv_nsec;
}

static void pairs(const oarlock_manager *manager, const oarlock_claim *claims, size_t count) {
  for (int i = 0; i < LOOPS; i++) {
    oarlock_lock lock;
    if (oarlock_acquire(manager, claims, count, OPTIONS OARLOCK_FOREVER, &lock, NULL, NULL) !=
            OARLOCK_OK ||
        oarlock_release(manager, lock) != OARLOCK_OK)
      abort();
  }
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 1;
  const oarlock_claim one[] = {oarlock_write("user-00000000042")};
  const oarlock_claim three[] = {oarlock_write("user-00000000042/documents/letter-000000001")};
  const oarlock_claim two[] = {oarlock_write("user-00000000042"), oarlock_write("user-00000000043")};
  const oarlock_claim reading[] = {oarlock_read("user-00000000042")};
  const struct {
    const char *name;
    const oarlock_claim *claims;
    size_t count;
  } cases[CASES] = {{"acquire, one segment", one, 1},
                    {"acquire, three segments", three, 1},
                    {"acquire, two claims", two, 2},
                    {"acquire, read", reading, 1}};
  oarlock_manager *manager;
  if (oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK)
    return 1;
  double *samples = calloc((size_t)rounds * CASES, sizeof *samples);
  if (samples == NULL)
    return 1;
  for (int c = 0; c < CASES; c++)
    pairs(manager, cases[c].claims, cases[c].count);
  for (int round = 0; round < rounds; round++) {
    for (int c = 0; c < CASES; c++) {
      const double begin = nanoseconds();
      pairs(manager, cases[c].claims, cases[c].count);
      samples[c * rounds + round] = (nanoseconds() - begin) / LOOPS;
    }
  }
  for (int c = 0; c < CASES; c++) {
    printf("%s\"%s\": [", c == 0 ? "{" : ", ", cases[c].name);
    for (int round = 0; round < rounds; round++)
      printf("%s%.1f", round == 0 ? "" : ", ", samples[c * rounds + round]);
    printf("]");
  }
  puts("}");
  free(samples);
  oarlock_manager_free(manager);
  return 0;
}
