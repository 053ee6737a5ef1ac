/*
 * Counts the heap allocations of each case of a library of contenders, once warm:
 *
 *     allocations LIBRARY    prints a line for each: allocations of one time, its name
 *
 * The allocator is the system's, with a counter before it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "foreign.h"

/* What glibc calls its own. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

/* Of this thread, which is the only one. */
static unsigned long allocations;

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  ++allocations;
  *out = __libc_memalign(alignment, size);
  return *out == NULL;
}

void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}

int main(int argc, char **argv) {
  typedef const struct foreign_case *cases_of(size_t *);
  enum { TIMES = 6400 };
  void *const library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
  if (library == NULL) {
    fprintf(stderr, "usage: allocations LIBRARY\n");
    return 2;
  }
  cases_of *const list = (cases_of *)dlsym(library, "foreign_cases");
  size_t count = 0;
  const struct foreign_case *const cases = list(&count);
  for (size_t i = 0; i < count; ++i) {
    void *const state = cases[i].open();
    cases[i].run(state, TIMES);
    const unsigned long before = allocations;
    cases[i].run(state, TIMES);
    const unsigned long after = allocations;
    printf("%g %s\n", (double)(after - before) / TIMES, cases[i].name);
    cases[i].close(state);
  }
  return 0;
}
