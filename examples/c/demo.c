/*
 * Many threads stamp the files of a real directory tree, through one manager.
 *
 *   demo-c --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]
 *
 * LIST holds the relative paths of the files, each ended by a NUL byte, as
 * `find . -type f -printf '%P\0'` writes them. Only their names are used: the
 * stamps are in memory, and no file is opened.
 */
#define _GNU_SOURCE /* getopt_long */
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "oarlock.h"

/* A folder with more files than this below it is not used as a whole, so that
 * one operation stays short however large the tree is. */
#define LARGEST_FOLDER 200
#define MOST_WORKERS 256

/* The files, sorted, so that what lies below a folder is one range of them.
 * Beside each stand two stamps, which are equal whenever nobody is writing it.
 * That is what the locks protect; the atomics are relaxed and order nothing,
 * they only make the run without locks a well-defined program. */
static char **files;
static size_t file_count;
static atomic_uint_fast64_t *first, *second;

static oarlock_manager *manager; /* NULL: without locks */
static atomic_uint_fast64_t reads, writes, torn;
static atomic_bool stop;

#define GET(place) atomic_load_explicit(&(place), memory_order_relaxed)
#define SET(place, value) atomic_store_explicit(&(place), (value), memory_order_relaxed)
#define COUNT(place) atomic_fetch_add_explicit(&(place), 1, memory_order_relaxed)

static void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("demo-c: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

/* A number from 0 up to, but not including, `end`, which is not 0. */
static size_t below(uint64_t *random, size_t end) {
  *random ^= *random << 13; /* Marsaglia's xorshift; the state is never 0 */
  *random ^= *random >> 7;
  *random ^= *random << 17;
  return *random % end;
}

/* A path, and the files at or below it: from `start` up to `end`. */
struct place {
  oarlock_str path;
  size_t start, end;
};

/* The first file that compares with the prefix as 0 or more; or, with
 * `after` 1, as more than 0. */
static size_t bisect(oarlock_str prefix, int after) {
  size_t low = 0, high = file_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strncmp(files[middle], prefix.ptr, prefix.len) < after)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* A random file, or the folder `up` levels above it. Stops below a folder that
 * is too large. */
static struct place pick(uint64_t *random, size_t up) {
  size_t at = below(random, file_count);
  struct place place = {{files[at], strlen(files[at])}, at, at + 1};
  for (; up > 0; --up) {
    oarlock_str folder = place.path; /* its path with the '/' behind it */
    while (folder.len > 0 && folder.ptr[folder.len - 1] != '/') --folder.len;
    size_t start = bisect(folder, 0), end = bisect(folder, 1);
    if (folder.len == 0 || end - start > LARGEST_FOLDER) break;
    place = (struct place){{folder.ptr, folder.len - 1}, start, end};
  }
  return place;
}

/* Takes all the claims together, or waits until that is possible. */
static oarlock_lock acquire(const oarlock_claim *claims, size_t count) {
  oarlock_lock lock = 0;
  oarlock_error *error = NULL;
  if (manager != NULL &&
      oarlock_acquire(manager, claims, count, OARLOCK_FOREVER, &lock, NULL, &error) != OARLOCK_OK)
    die("%s", oarlock_error_message(error));
  return lock;
}

static void release(oarlock_lock lock) {
  oarlock_status status = manager != NULL ? oarlock_release(manager, lock) : OARLOCK_OK;
  if (status != OARLOCK_OK) die("%s", oarlock_status_message(status));
}

/* Write claims on one to three places, granted together or not at all: no
 * order to keep to, and no deadlock. */
static void stamp_some(uint64_t *random) {
  struct place places[3];
  oarlock_claim claims[3];
  size_t count = 1 + below(random, 3);
  for (size_t i = 0; i < count; ++i) {
    places[i] = pick(random, below(random, 4));
    claims[i] = oarlock_claim_text(OARLOCK_WRITE, places[i].path);
  }
  oarlock_lock lock = acquire(claims, count);
  uint64_t stamp = *random;
  for (size_t i = 0; i < count; ++i)
    for (size_t file = places[i].start; file < places[i].end; ++file) SET(first[file], stamp);
  sched_yield(); /* the pause in which somebody could look */
  for (size_t i = 0; i < count; ++i)
    for (size_t file = places[i].start; file < places[i].end; ++file) SET(second[file], stamp);
  release(lock);
  COUNT(writes);
}

/* A read claim on one folder covers all that lies below it. */
static void check_one(uint64_t *random) {
  struct place place = pick(random, 1 + below(random, 3));
  oarlock_claim claim = oarlock_claim_text(OARLOCK_READ, place.path);
  oarlock_lock lock = acquire(&claim, 1);
  bool half = false;
  for (size_t file = place.start; file < place.end && !half; ++file)
    half = GET(first[file]) != GET(second[file]);
  release(lock);
  if (half) COUNT(torn);
  COUNT(reads);
}

static void *work(void *seed) {
  uint64_t random = ((uintptr_t)seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
  while (!GET(stop)) {
    if (below(&random, 2) == 0)
      stamp_some(&random);
    else
      check_one(&random);
  }
  return NULL;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Nothing of what it allocates is freed: it is all in use to the end. */
static void load(const char *list) {
  FILE *file = fopen(list, "rb");
  if (file == NULL) die("%s cannot be opened", list);
  char *name = NULL;
  size_t room = 0, most = 0;
  while (getdelim(&name, &room, '\0', file) > 0) {
    if (file_count == most) {
      most = most == 0 ? 1024 : 2 * most;
      files = realloc(files, most * sizeof *files);
      if (files == NULL) die("out of memory");
    }
    files[file_count++] = name;
    name = NULL;
    room = 0;
  }
  if (ferror(file)) die("%s cannot be read", list);
  fclose(file);
  if (file_count == 0) die("the list holds no files");
  qsort(files, file_count, sizeof *files, by_name);
  first = calloc(file_count, sizeof *first);
  second = calloc(file_count, sizeof *second);
  if (first == NULL || second == NULL) die("out of memory");
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* One line of JSON; the last one counts. */
static void report(double seconds) {
  unsigned long long r = GET(reads), w = GET(writes), t = GET(torn);
  printf("{\"operations\": %llu, \"seconds\": %.3f, \"torn\": %llu, \"reads\": %llu, \"writes\": %llu}\n",
         r + w, seconds, t, r, w);
  fflush(stdout);
}

/* A number of the command line. */
static double number(const char *text, double least, double most) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= least && value <= most))
    die("%s is no number from %g to %g", text, least, most);
  return value;
}

int main(int argc, char **argv) {
  static const struct option flags[] = {
      {"files", required_argument, NULL, 'f'}, {"seconds", required_argument, NULL, 's'},
      {"workers", required_argument, NULL, 'w'}, {"no-locks", no_argument, NULL, 'n'},
      {"progress", no_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
  const char *list = NULL;
  double seconds = 2;
  size_t workers = 8;
  bool locks = true, progress = false;
  for (int flag; (flag = getopt_long(argc, argv, "", flags, NULL)) != -1;) switch (flag) {
      case 'f': list = optarg; break;
      case 's': seconds = number(optarg, 0, 3600); break;
      case 'w': workers = (size_t)number(optarg, 1, MOST_WORKERS); break;
      case 'n': locks = false; break;
      case 'p': progress = true; break;
      default: return 1; /* getopt_long has said why */
    }
  if (list == NULL || optind < argc) die("usage: --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]");
  load(list);
  if (locks && oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) die("no manager");

  pthread_t threads[MOST_WORKERS];
  double start = now();
  for (size_t i = 0; i < workers; ++i)
    if (pthread_create(&threads[i], NULL, work, (void *)i) != 0) die("no thread");
  while (now() - start < seconds) {
    nanosleep(&(struct timespec){0, 100 * 1000 * 1000}, NULL);
    if (progress) report(now() - start);
  }
  SET(stop, true);
  for (size_t i = 0; i < workers; ++i) pthread_join(threads[i], NULL);
  report(now() - start);
  oarlock_manager_free(manager);
  return 0;
}
