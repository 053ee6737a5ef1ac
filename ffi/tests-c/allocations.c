/*
 * What takes no memory: a release, whatever it ends and whoever it lets in; and an
 * acquire of what has been acquired before. Every call of the allocator is counted.
 * skip: memcheck because it has an allocator of its own
 * skip: asan because it has an allocator of its own
 * skip: tsan because it has an allocator of its own
 */
#include "check.h"

#ifdef __GLIBC__
#include <malloc.h>

/* What glibc calls its own. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* Of the only thread that counts. */
static unsigned long allocations;

void *malloc(size_t size) {
  allocations++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  allocations++;
  return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size) {
  /* What becomes smaller is given back. */
  if (old == NULL || size > malloc_usable_size(old)) allocations++;
  return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  allocations++;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  allocations++;
  *out = __libc_memalign(alignment, size);
  return *out == NULL;
}

/* The library's allocations are seen at all. */
static void the_counter_counts(void) {
  const unsigned long before = allocations;
  oarlock_manager *const manager = check_manager();
  CHECK(allocations > before);
  check_done(manager);
}

/* Requests of every shape that is promised: one to four claims of one to three
 * segments, as text and as lists, that write, read, or read with a limit. */
enum { CLAIMS = 4, SEGMENTS = 3, NAME = 24, ROUNDS = 200 };

struct shape {
  int claims, segments, as_list;
  int32_t mode;
};

struct request {
  char text[CLAIMS][SEGMENTS * (NAME + 1)];
  oarlock_str list[CLAIMS][SEGMENTS];
  oarlock_claim claims[CLAIMS];
};

/* The request of this number: they are all different. */
static void fill(struct request *request, struct shape shape, int number) {
  for (int i = 0; i < shape.claims; i++) {
    char *at = request->text[i];
    for (int j = 0; j < shape.segments; j++) {
      request->list[i][j].ptr = at;
      request->list[i][j].len = NAME;
      memset(at, 'n', NAME);
      at[0] = (char)('0' + i);
      at[1] = (char)('0' + j);
      for (int digit = 2, rest = number; digit < 8; digit++, rest /= 10)
        at[digit] = (char)('0' + rest % 10);
      at[NAME] = '/';
      at += NAME + 1;
    }
    at[-1] = '\0';
    request->claims[i] = shape.as_list ? oarlock_claim_segments(shape.mode, request->list[i],
                                                                (size_t)shape.segments)
                                       : oarlock_claim_text(shape.mode,
                                                            oarlock_str_of(request->text[i]));
    if (shape.mode == OARLOCK_READ_LIMITED) request->claims[i].limit = 2;
  }
}

/* How an acquire is asked for. */
enum call { ACQUIRE, WITH_TIMEOUT, TRY, ENQUEUE, CALLS };

static oarlock_lock take(const oarlock_manager *manager, enum call call,
                         const oarlock_claim *claims, size_t count) {
  oarlock_lock lock = 0;
  oarlock_state state = OARLOCK_GRANTED;
  oarlock_status status = OARLOCK_OK;
  uint64_t token = 0;
  switch (call) {
    case ACQUIRE:
      status = oarlock_acquire(manager, claims, count, NULL, OARLOCK_FOREVER, &lock, &token, NULL);
      break;
    case WITH_TIMEOUT:
      status = oarlock_acquire(manager, claims, count, NULL, 1000000000, &lock, &token, NULL);
      break;
    case TRY:
      status = oarlock_try_acquire(manager, claims, count, NULL, &lock, &token, NULL);
      break;
    default:
      status = oarlock_enqueue(manager, claims, count, NULL, &lock, &state, &token, NULL);
  }
  assert(status == OARLOCK_OK && state == OARLOCK_GRANTED && token != 0);
  return lock;
}

static void acquire_and_release_of(struct shape shape) {
  oarlock_manager *const manager = check_manager();
  struct request request;
  unsigned long warm = 0, releases = 0;
  for (int round = 0; round < 3 * ROUNDS; round++) {
    fill(&request, shape, round % ROUNDS);
    const unsigned long before = allocations;
    const oarlock_lock lock =
        take(manager, (enum call)(round % CALLS), request.claims, (size_t)shape.claims);
    const unsigned long held = allocations;
    const oarlock_status status = oarlock_release(manager, lock);
    const unsigned long after = allocations;
    assert(status == OARLOCK_OK);
    releases += after - held;
    if (round >= ROUNDS) warm += held - before;
  }
  if (warm != 0 || releases != 0)
    fprintf(stderr, "%d claims, %d segments, list %d, mode %d: %lu warm, %lu in releases\n",
            shape.claims, shape.segments, shape.as_list, (int)shape.mode, warm, releases);
  CHECK(warm == 0 && releases == 0);
  check_done(manager);
}

static void acquire_and_release_take_no_memory_once_warm(void) {
  for (int32_t mode = OARLOCK_READ; mode <= OARLOCK_READ_LIMITED; mode++) {
    for (int shape = 0; shape < CLAIMS * SEGMENTS * 2; shape++) {
      const struct shape one = {1 + shape % CLAIMS, 1 + shape / CLAIMS % SEGMENTS,
                                shape / CLAIMS / SEGMENTS, mode};
      acquire_and_release_of(one);
    }
  }
}

/* Many held at once: nothing is given back in another way when there are many. */
static void releases_of_a_crowd_take_no_memory(void) {
  enum { CROWD = 10000 };
  oarlock_manager *const manager = check_manager();
  static oarlock_lock held[CROWD];
  struct request request;
  const struct shape shape = {2, 3, 0, OARLOCK_WRITE};
  for (int i = 0; i < CROWD; i++) {
    fill(&request, shape, i);
    held[i] = take(manager, ACQUIRE, request.claims, 2);
  }
  const unsigned long before = allocations;
  for (int i = 0; i < CROWD; i++) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[i]));
  CHECK(allocations == before);
  check_done(manager);
}

/* A refused try makes no error object where none is wanted. */
static void a_refused_try_takes_no_memory(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_claim claim = oarlock_write("a/b");
  const oarlock_lock held = check_hold(manager, claim);
  unsigned long before = 0;
  for (int round = 0; round < 2 * ROUNDS; round++) {
    oarlock_lock lock = 0;
    if (round == ROUNDS) before = allocations;
    CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK,
                 oarlock_try_acquire(manager, &claim, 1, NULL, &lock, NULL, NULL));
  }
  CHECK(allocations == before);
  oarlock_release(manager, held);
  check_done(manager);
}

/* A release that lets somebody in, who waits in one of these ways. */
enum way { BY_WAIT, BY_CALLBACK, BY_QUEUE };

static oarlock_lock given;

static void called(void *user_data, oarlock_status status, oarlock_lock lock, uint64_t token,
                   const oarlock_error *error) {
  (void)user_data;
  (void)token;
  (void)error;
  assert(status == OARLOCK_OK);
  given = lock;
}

static void hand_over(enum way way) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *queue = NULL;
  const oarlock_claim claim = oarlock_write("a/b");
  unsigned long releases = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&queue, NULL));
  given = check_hold(manager, claim);
  for (int round = 0; round < 2 * ROUNDS; round++) {
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    const oarlock_status status =
        way == BY_WAIT ? oarlock_enqueue(manager, &claim, 1, NULL, &lock, &state, NULL, NULL)
        : way == BY_CALLBACK
            ? oarlock_enqueue_callback(manager, &claim, 1, NULL, OARLOCK_FOREVER, called, NULL,
                                       NULL, &lock, &state, NULL, NULL)
            : oarlock_enqueue_queue(manager, &claim, 1, NULL, OARLOCK_FOREVER, queue, NULL, &lock,
                                    &state, NULL, NULL);
    assert(status == OARLOCK_OK && state == OARLOCK_WAITING);
    const unsigned long before = allocations;
    const oarlock_status released = oarlock_release(manager, given);
    if (round >= ROUNDS) releases += allocations - before;
    assert(released == OARLOCK_OK);
    if (way == BY_WAIT) {
      CHECK_STATUS(OARLOCK_OK, oarlock_wait(manager, lock, OARLOCK_FOREVER, NULL, NULL));
      given = lock;
    } else if (way == BY_QUEUE) {
      oarlock_completion completion;
      size_t count = 0;
      CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(queue, &completion, 1, &count));
      assert(count == 1 && completion.status == OARLOCK_OK);
      given = completion.lock;
    }
  }
  if (releases != 0) fprintf(stderr, "way %d: %lu allocations\n", (int)way, releases);
  CHECK(releases == 0);
  oarlock_release(manager, given);
  oarlock_queue_free(queue);
  check_done(manager);
}

static void a_release_that_lets_in_who_waits_takes_no_memory(void) { hand_over(BY_WAIT); }
static void a_release_that_calls_back_takes_no_memory(void) { hand_over(BY_CALLBACK); }
static void a_release_into_a_queue_takes_no_memory(void) { hand_over(BY_QUEUE); }

int main(void) {
  RUN(the_counter_counts);
  RUN(acquire_and_release_take_no_memory_once_warm);
  RUN(releases_of_a_crowd_take_no_memory);
  RUN(a_refused_try_takes_no_memory);
  RUN(a_release_that_lets_in_who_waits_takes_no_memory);
  RUN(a_release_that_calls_back_takes_no_memory);
  RUN(a_release_into_a_queue_takes_no_memory);
  return check_failed_tests != 0;
}

#else

static void allocations_are_counted_with_glibc_only(void) {}

int main(void) {
  RUN(allocations_are_counted_with_glibc_only);
  return 0;
}

#endif
