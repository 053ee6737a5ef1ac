/* Loading the library by hand, and closing it, many times and in two copies.
 * needs: dlopen
 */
#include "loaded.h"

#include "child.h"
#include "own.h"

#include <dirent.h>

static const char *library; /* set once */

static size_t lines_of(const char *path) {
  FILE *const file = fopen(path, "r");
  size_t lines = 0;
  assert(file != NULL);
  for (int c; (c = getc(file)) != EOF;) lines += c == '\n';
  fclose(file);
  return lines;
}

static size_t descriptors(void) {
  DIR *const folder = opendir("/proc/self/fd");
  size_t count = 0;
  assert(folder != NULL);
  while (readdir(folder) != NULL) count++;
  closedir(folder);
  return count;
}

static size_t resident_kib(void) {
  FILE *const file = fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  assert(file != NULL && fscanf(file, "%*u %lu", &pages) == 1);
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* A little of everything that leaves a thread or a descriptor behind, if it does. */
static void use_quickly(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  struct told told = TOLD_INIT(manager);
  struct own_waiter waiter = {manager, 99};
  pthread_t thread;
  oarlock_queue *queue = NULL;
  oarlock_completion completion;
  size_t count = 0;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_queue(manager, &claim, 1, NULL, CHECK_HOUR, queue, NULL,
                                                 &lock, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&told, claim, NULL, CHECK_HOUR, &lock, &state));
  assert(pthread_create(&thread, NULL, own_wait, &waiter) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_wait(queue, OARLOCK_FOREVER, &completion, 1, &count));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, completion.lock));
  told_await(&told);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, told.lock));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, waiter.status);
  oarlock_queue_free(queue);
  check_done(manager);
}

static void a_thousand_times_without_growth(void) {
  enum { TIMES = 1000, SETTLED = 200 };
  struct loaded loaded;
  size_t maps = 0, fds = 0, resident = 0;
  api = &loaded;
  for (int i = 0; i < TIMES; i++) {
    assert(loaded_open(&loaded, library, (i % 2 ? RTLD_LAZY : RTLD_NOW) | RTLD_LOCAL));
    if (i % 100 == 0) own_everything();
    use_quickly();
    assert(dlclose(loaded.handle) == 0);
    if (i == SETTLED) {
      maps = lines_of("/proc/self/maps");
      fds = descriptors();
      resident = resident_kib();
    }
  }
  const size_t maps_after = lines_of("/proc/self/maps"), resident_after = resident_kib();
  printf("mappings %zu, then %zu; descriptors %zu, then %zu; resident %zu KiB, then %zu\n", maps,
         maps_after, fds, descriptors(), resident, resident_after);
  CHECK(descriptors() == fds);
  /* Stacks of threads that ended are kept and given back by chance, and an arena of
   * malloc is made when two meet; 800 times one of anything would be more. */
  CHECK(maps_after <= maps + 40);
#ifndef CHECK_SANITIZED
  /* A sanitizer does not give freed memory back soon. */
  CHECK(resident_after <= resident + 8 * 1024);
#endif
}

/* Another file with the same content. */
static void copy(char *path) {
  char buffer[1 << 16];
  FILE *const from = fopen(library, "rb");
  const int fd = mkstemp(path);
  FILE *const to = fd < 0 ? NULL : fdopen(fd, "wb");
  assert(from != NULL && to != NULL);
  for (size_t count; (count = fread(buffer, 1, sizeof buffer, from)) > 0;) {
    assert(fwrite(buffer, 1, count, to) == count);
  }
  assert(fclose(from) == 0 && fclose(to) == 0);
}

static void two_copies(int flags) {
  char path[] = "/tmp/liboarlock-copy-XXXXXX";
  struct loaded one, two;
  oarlock_manager *first = NULL, *second = NULL;
  pthread_t thread;
  copy(path);
  assert(loaded_open(&one, library, flags) && loaded_open(&two, path, flags));
  CHECK(unlink(path) == 0);
  CHECK(one.acquire != two.acquire);
  api = &one;
  struct told told = TOLD_INIT(NULL);
  struct own_waiter waiter = {NULL, 99};
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  /* One has a name taken, a thread that waits and a timeout that runs. */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("one"), &first, NULL));
  told.manager = waiter.manager = first;
  const oarlock_lock held = check_hold(first, oarlock_write("a"));
  assert(pthread_create(&thread, NULL, own_wait, &waiter) == 0);
  EVENTUALLY(own_waiting(first) == 1);
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&told, oarlock_write("a"), NULL, CHECK_HOUR, &lock, &state));
  api = &two;
  own_everything();
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("one"), &second, NULL));
  CHECK(check_free(second, oarlock_write("a"))); /* its own */
  oarlock_manager_free(second);
  assert(dlclose(two.handle) == 0);
  api = &one;
  CHECK(own_waiting(first) == 2 && told_nothing(&told));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(first, held));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, waiter.status);
  told_await(&told);
  CHECK(told_times(&told, 1) && told.status == OARLOCK_OK);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(first, told.lock));
  check_done(first);
  assert(dlclose(one.handle) == 0);
}

static void two_copies_do_not_meet(void) { two_copies(RTLD_NOW | RTLD_LOCAL); }
static void two_copies_that_everybody_sees(void) { two_copies(RTLD_NOW | RTLD_GLOBAL); }

/* The timer's thread, a watch's and one that waits are inside when it is closed. */
static void closed_while_its_threads_live(void) {
  struct loaded loaded;
  assert(loaded_open(&loaded, library, RTLD_NOW | RTLD_LOCAL));
  api = &loaded;
  oarlock_manager *const manager = check_manager();
  struct told late = TOLD_INIT(manager), seen = TOLD_INIT(manager);
  struct own_waiter waiter = {manager, 99};
  pthread_t thread;
  oarlock_watch *watch = NULL;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_watch_new(manager, CHECK_SOON, own_on_watch, &seen, on_drop,
                                             &watch, NULL));
  assert(pthread_create(&thread, NULL, own_wait, &waiter) == 0);
  EVENTUALLY(own_waiting(manager) == 1);
  CHECK_STATUS(OARLOCK_OK,
               told_enqueue(&late, oarlock_write("a"), NULL, 20 * CHECK_SOON, &lock, &state));
  void *const before = loaded.handle;
  assert(dlclose(loaded.handle) == 0);
  told_await(&late);
  CHECK(told_times(&late, 1) && late.status == OARLOCK_ERR_TIMEOUT);
  /* It is the same one that is opened again. */
  assert(loaded_open(&loaded, library, RTLD_NOW | RTLD_LOCAL) && loaded.handle == before);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, waiter.status);
  oarlock_watch_free(watch);
  CHECK(seen.drops == 1);
  check_done(manager);
  assert(dlclose(loaded.handle) == 0);
}

static void load_and_lock(void *data) {
  struct loaded loaded;
  (void)data;
  CHECK(loaded_open(&loaded, library, RTLD_NOW | RTLD_LOCAL));
  api = &loaded;
  own_name();
  CHECK(dlclose(loaded.handle) == 0);
}

/* What it does at a fork is still there. */
static void a_fork_after_it_was_closed(void) {
  load_and_lock(NULL);
  CHECK(in_child(load_and_lock, NULL));
}

int main(void) {
  library = getenv("OARLOCK_LIBRARY");
  if (library == NULL) {
    fprintf(stderr, "OARLOCK_LIBRARY must name the shared library\n");
    return 2;
  }
  RUN(a_thousand_times_without_growth);
  RUN(two_copies_do_not_meet);
  RUN(two_copies_that_everybody_sees);
  RUN(closed_while_its_threads_live);
  RUN(a_fork_after_it_was_closed);
  return check_failed_tests != 0;
}
