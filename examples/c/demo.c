/*
 * Many threads stamp the files of a real directory tree, through one manager.
 *
 *   demo-c --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]
 *
 * LIST holds the relative paths of the files, each ended by a NUL byte, as
 * `find . -type f -printf '%P\0'` writes them. Only their names are used: the
 * stamps are in memory, and no file is opened.
 */
#define _POSIX_C_SOURCE 200809L /* nanosleep */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "files.h"
#include "oarlock.h"

static oarlock_manager *manager; /* NULL: without locks */
static _Atomic uint64_t reads, writes, torn;
static atomic_bool stop;

/* Takes all the claims together, or waits until that is possible. */
static oarlock_lock acquire(const oarlock_claim *claims, size_t count) {
  if (manager == NULL) return 0;
  oarlock_lock lock;
  oarlock_error *error;
  if (oarlock_acquire(manager, claims, count, NULL, OARLOCK_FOREVER, &lock, NULL, &error) !=
      OARLOCK_OK)
    die("%s", oarlock_error_message(error));
  return lock;
}

static void release(oarlock_lock lock) {
  if (manager == NULL) return;
  oarlock_status status = oarlock_release(manager, lock);
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

/* One worker: writes and reads by turns of a coin until it is told to stop. */
static void *work(void *seed) {
  uint64_t random = *(uint64_t *)seed;
  while (!GET(stop)) {
    if (below(&random, 2) == 0)
      stamp_some(&random);
    else
      check_one(&random);
  }
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* One line of JSON; the last one counts. */
static void report(double seconds) {
  uint64_t r = GET(reads), w = GET(writes), t = GET(torn);
  printf("{\"operations\": %" PRIu64 ", \"seconds\": %.3f, \"torn\": %" PRIu64
         ", \"reads\": %" PRIu64 ", \"writes\": %" PRIu64 "}\n",
         r + w, seconds, t, r, w);
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct options options = read_options(argc, argv);
  load_files(options.files);
  if (options.locks && oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK)
    die("no manager could be made");

  pthread_t threads[MOST_WORKERS];
  uint64_t seeds[MOST_WORKERS];
  double start = now();
  for (size_t i = 0; i < options.workers; ++i) {
    seeds[i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    if (pthread_create(&threads[i], NULL, work, &seeds[i]) != 0) die("no thread could be made");
  }
  while (now() - start < options.seconds) {
    nanosleep(&(struct timespec){0, 100 * 1000 * 1000}, NULL);
    if (options.progress) report(now() - start);
  }
  SET(stop, true);
  for (size_t i = 0; i < options.workers; ++i) pthread_join(threads[i], NULL);
  report(now() - start);
  oarlock_manager_free(manager);
  return 0;
}
