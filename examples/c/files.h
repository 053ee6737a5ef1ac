/* What the program works on: the files, their stamps, and the command line. */
#ifndef FILES_H
#define FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "oarlock.h"

#define MOST_WORKERS 256

/* Beside each file stand two stamps, which are equal whenever nobody is writing
 * it. That is what the locks protect; the atomics are relaxed and order nothing,
 * they only make the run without locks a well-defined program. */
extern _Atomic uint64_t *first, *second;

#define GET(place) atomic_load_explicit(&(place), memory_order_relaxed)
#define SET(place, value) atomic_store_explicit(&(place), (value), memory_order_relaxed)
#define COUNT(place) atomic_fetch_add_explicit(&(place), 1, memory_order_relaxed)

/* A path, and the files at or below it: from `start` up to `end`. */
struct place {
  oarlock_str path;
  size_t start, end;
};

/* The command line. */
struct options {
  const char *files;
  double seconds;
  size_t workers;
  bool locks, progress;
};

/* Reads the command line; ends the program if it makes no sense. */
struct options read_options(int argc, char **argv);

/* Reads the list of files; ends the program if that fails. */
void load_files(const char *list);

/* A random file, or the folder `up` levels above it. Stops below a folder that
 * is too large. */
struct place pick(uint64_t *random, size_t up);

/* A number from 0 up to, but not including, `end`, which is not 0. */
size_t below(uint64_t *random, size_t end);

/* Prints why, and ends the program. */
_Noreturn void die(const char *format, ...);

#endif
