/* Fetching completions: in batches, in their order, by several threads, each once. */
#include "queued.h"

static int marks[100]; /* addresses to be told apart */

static void a_grant_at_once_puts_nothing_in(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_claim claim = oarlock_write("a");
  const int64_t timeouts[] = {OARLOCK_FOREVER, 0, CHECK_HOUR, INT64_MAX};
  for (int i = 0; i < 4; i++) {
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    uint64_t token = 0;
    CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_queue(manager, &claim, 1, NULL, timeouts[i], queue,
                                                   marks, &lock, &state, &token, NULL));
    CHECK(state == OARLOCK_GRANTED && token == check_token(manager, lock));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  }
  CHECK(queued_none(queue));
  oarlock_queue_free(queue);
  check_done(manager);
}

static void a_refused_request_puts_nothing_in(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_claim good = oarlock_write("a"), bad = oarlock_write("/");
  const oarlock_lock held = check_hold(manager, good);
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  uint64_t token = 9;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_enqueue_queue(manager, &good, 1, NULL, 0, queue, NULL,
                                                          &lock, &state, &token, &error));
  CHECK(lock == 0 && state == 0 && token == 0);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_error_code(error));
  oarlock_error_free(error);
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_enqueue_queue(manager, &bad, 1, NULL, OARLOCK_FOREVER, queue, NULL, &lock,
                                     &state, NULL, NULL));
  CHECK(queued_none(queue));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_queue_free(queue);
  check_done(manager);
}

/* In the order in which they were decided, whatever fits into a fetch. */
static void batches_of_any_size(void) {
  enum { ALL = 10 };
  static const size_t capacities[] = {1, 2, 3, ALL - 1, ALL, ALL + 5};
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  for (size_t round = 0; round < sizeof capacities / sizeof *capacities; round++) {
    const size_t capacity = capacities[round];
    oarlock_completion done[ALL + 5];
    oarlock_lock locks[ALL];
    const oarlock_lock held = check_hold(manager, oarlock_write("a"));
    for (int i = 0; i < ALL; i++) {
      locks[i] = queued_waits(manager, oarlock_read("a"), OARLOCK_FOREVER, queue, &marks[i]);
    }
    CHECK(queued_none(queue));
    CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held)); /* all readers at once */
    size_t fetched = 0, count = 1;
    while (fetched < ALL && count > 0) {
      memset(done, 7, sizeof done);
      CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(queue, done, capacity, &count));
      CHECK(count == (ALL - fetched < capacity ? ALL - fetched : capacity));
      for (size_t i = 0; i < count; i++, fetched++) {
        CHECK(done[i].kind == OARLOCK_COMPLETION_ACQUIRE && done[i].error == NULL);
        CHECK_STATUS(OARLOCK_OK, done[i].status);
        CHECK(done[i].user_data == &marks[fetched] && done[i].lock == locks[fetched]);
        CHECK(done[i].token == check_token(manager, done[i].lock));
        CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, done[i].lock));
      }
      /* No more than the count is written. */
      for (size_t i = count; i < ALL + 5; i++) CHECK(done[i].kind == 0x07070707);
    }
    CHECK(fetched == ALL && queued_none(queue));
  }
  oarlock_queue_free(queue);
  check_done(manager);
}

static void posts_are_completions_of_their_own_kind(void) {
  oarlock_queue *const queue = queued_new();
  oarlock_completion done[3];
  size_t count = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, &marks[5]));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_wait(queue, 0, done, 3, &count));
  CHECK(count == 2 && done[0].user_data == &marks[5] && done[1].user_data == NULL);
  for (size_t i = 0; i < count; i++) {
    CHECK(done[i].kind == OARLOCK_COMPLETION_POST && done[i].status == OARLOCK_OK);
    CHECK(done[i].lock == 0 && done[i].token == 0 && done[i].error == NULL);
  }
  oarlock_queue_free(queue);
}

static void a_wait_has_a_timeout(void) {
  static const struct {
    int64_t timeout_ns;
    oarlock_status status;
  } cases[] = {{0, OARLOCK_ERR_TIMEOUT},
               {CHECK_SOON, OARLOCK_ERR_TIMEOUT},
               {-2, OARLOCK_ERR_INVALID_TIMEOUT},
               {INT64_MIN, OARLOCK_ERR_INVALID_TIMEOUT}};
  oarlock_queue *const queue = queued_new();
  oarlock_completion done;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t count = 9;
    CHECK_STATUS(cases[i].status,
                 oarlock_queue_wait(queue, cases[i].timeout_ns, &done, 1, &count));
    CHECK(count == 0);
  }
  const int64_t enough[] = {0, CHECK_HOUR, INT64_MAX, OARLOCK_FOREVER};
  for (size_t i = 0; i < sizeof enough / sizeof *enough; i++) {
    size_t count = 9;
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_wait(queue, enough[i], &done, 1, &count));
    CHECK(count == 1);
  }
  oarlock_queue_free(queue);
}

enum { THREADS = 3, POSTS = 1000 };

static char numbers[POSTS]; /* addresses that number the posts */

struct fetcher {
  const oarlock_queue *queue;
  size_t capacity;
  int fetched[POSTS]; /* how often each post */
  int ended, wrong;
};

/* Fetches until it gets the post that says so. */
static void *fetch(void *data) {
  struct fetcher *const fetcher = (struct fetcher *)data;
  while (!fetcher->ended) {
    oarlock_completion done[5];
    size_t count = 0;
    if (oarlock_queue_wait(fetcher->queue, OARLOCK_FOREVER, done, fetcher->capacity, &count) !=
            OARLOCK_OK || count == 0 || count > fetcher->capacity) {
      fetcher->wrong++;
    }
    for (size_t i = 0; i < count; i++) {
      if (done[i].user_data == NULL) {
        /* One each: a second one is another thread's, and goes back. */
        if (fetcher->ended) oarlock_queue_post(fetcher->queue, NULL);
        fetcher->ended = 1;
      } else {
        const ptrdiff_t number = (char *)done[i].user_data - numbers;
        if (number < 0 || number >= POSTS) {
          fetcher->wrong++;
        } else {
          fetcher->fetched[number]++;
        }
      }
    }
  }
  return NULL;
}

static void several_threads_fetch_each_once(void) {
  static struct fetcher fetchers[THREADS];
  oarlock_queue *const queue = queued_new();
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    fetchers[i].queue = queue;
    fetchers[i].capacity = (size_t)(2 * i + 1);
    assert(pthread_create(&threads[i], NULL, fetch, &fetchers[i]) == 0);
  }
  for (int i = 0; i < POSTS; i++) {
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, &numbers[i]));
  }
  for (int i = 0; i < THREADS; i++) CHECK_STATUS(OARLOCK_OK, oarlock_queue_post(queue, NULL));
  for (int i = 0; i < THREADS; i++) assert(pthread_join(threads[i], NULL) == 0);
  for (int post = 0; post < POSTS; post++) {
    int times = 0;
    for (int i = 0; i < THREADS; i++) times += fetchers[i].fetched[post];
    CHECK(times == 1);
  }
  for (int i = 0; i < THREADS; i++) CHECK(fetchers[i].wrong == 0);
  CHECK(queued_none(queue));
  oarlock_queue_free(queue);
}

/* One queue serves several managers. */
static void outcomes_of_several_managers(void) {
  oarlock_manager *const one = check_manager(), *const two = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_lock held_one = check_hold(one, oarlock_write("a"));
  const oarlock_lock held_two = check_hold(two, oarlock_write("a"));
  const oarlock_lock waits_one = queued_waits(one, oarlock_write("a"), OARLOCK_FOREVER, queue, one);
  const oarlock_lock waits_two = queued_waits(two, oarlock_write("a"), OARLOCK_FOREVER, queue, two);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(two, held_two));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(one, held_one));
  const oarlock_completion first = queued_next(queue), second = queued_next(queue);
  CHECK(first.user_data == two && first.lock == waits_two);
  CHECK(second.user_data == one && second.lock == waits_one);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(one, waits_one));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(two, waits_two));
  oarlock_queue_free(queue);
  check_done(one);
  check_done(two);
}

int main(void) {
  RUN(a_grant_at_once_puts_nothing_in);
  RUN(a_refused_request_puts_nothing_in);
  RUN(batches_of_any_size);
  RUN(posts_are_completions_of_their_own_kind);
  RUN(a_wait_has_a_timeout);
  RUN(several_threads_fetch_each_once);
  RUN(outcomes_of_several_managers);
  return check_failed_tests != 0;
}
