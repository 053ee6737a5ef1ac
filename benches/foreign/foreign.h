/*
 * What a library of contenders in another language offers: a list of cases. The
 * benchmark program loads it and times them; scripts/bench.sh builds it.
 */
#ifndef FOREIGN_H
#define FOREIGN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct foreign_case {
  const char *name;
  /* A fresh instance of what is measured. Never NULL. */
  void *(*open)(void);
  /* Does it so many times. For cases of threads: on several at once. */
  void (*run)(void *state, uint64_t times);
  void (*close)(void *state);
};

/* Valid for as long as the library is loaded. */
const struct foreign_case *foreign_cases(size_t *out_count);

/* The value as if it came from elsewhere: the compiler knows nothing of it. */
#define OPAQUE(value) __asm__ volatile("" : "+r"(value))

#ifdef __cplusplus
}
#endif

#endif
