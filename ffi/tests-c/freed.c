/*
 * Managers that are freed while outcomes of theirs are still to be told: whoever is
 * told after that is told of no lock. And a fork where they are told.
 * skip: tsan because it has no new threads after a fork of many
 */
#include "own.h"

#include "child.h"

/* What a callback does besides noting what it was told. */
struct part {
  oarlock_manager *manager;
  void (*then)(struct part *);
  struct part *next;
  int calls, drops, may_go; /* changed and read under `mutex`, and so is what follows */
  oarlock_status status;
  oarlock_lock lock;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int now(const int *number) {
  pthread_mutex_lock(&mutex);
  const int is = *number;
  pthread_mutex_unlock(&mutex);
  return is;
}

static void one_more(int *number) {
  pthread_mutex_lock(&mutex);
  ++*number;
  pthread_mutex_unlock(&mutex);
}

static void on_told(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                       const oarlock_error *error) {
  struct part *const part = (struct part *)data;
  CHECK((status == OARLOCK_OK) == (lock != 0) && (lock != 0) == (token != 0));
  CHECK((status == OARLOCK_OK) == (error == NULL));
  part->status = status;
  part->lock = lock;
  one_more(&part->calls);
  if (part->then != NULL) part->then(part);
}

/* The last that is done to a part: a test waits for this before its parts go. */
static void on_given_back(void *data) { one_more(&((struct part *)data)->drops); }

static void wait_for(struct part *part, const char *path, int writes, int64_t timeout_ns) {
  const oarlock_claim claim = writes ? oarlock_write(path) : oarlock_read(path);
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  CHECK_STATUS(OARLOCK_OK,
               oarlock_enqueue_callback(part->manager, &claim, 1, NULL, timeout_ns, on_told,
                                        part, on_given_back, &lock, &state, NULL, NULL));
  CHECK(state == OARLOCK_WAITING);
}

/* Lets the next one in, whose callback has to wait for this one, and frees. */
static void let_in_and_free(struct part *part) {
  CHECK_STATUS(OARLOCK_OK, oarlock_release(part->next->manager, part->next->lock));
  oarlock_manager_free(part->next->manager);
  CHECK(now(&part->next->calls) == 0);
}

static void a_callback_frees_another_manager(void) {
  oarlock_manager *const outer = check_manager();
  oarlock_manager *const inner = check_manager();
  struct part second = {.manager = inner};
  struct part first = {.manager = outer, .then = let_in_and_free, .next = &second};
  const oarlock_lock held = check_hold(outer, oarlock_write("a"));
  wait_for(&first, "a", 1, OARLOCK_FOREVER);
  second.lock = check_hold(inner, oarlock_write("b"));
  wait_for(&second, "b", 1, OARLOCK_FOREVER);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(outer, held));
  CHECK(now(&first.calls) == 1 && first.status == OARLOCK_OK);
  CHECK(now(&second.calls) == 1 && second.status == OARLOCK_ERR_CLOSED && now(&second.drops) == 1);
  oarlock_manager_free(outer);
}

static void stay(struct part *part) {
  while (!now(&part->may_go)) check_pause();
}

static void *free_it(void *data) {
  struct part *const part = (struct part *)data;
  oarlock_manager_free(part->manager);
  CHECK(now(&part->calls) == 1 && now(&part->drops) == 1); /* it waited for that */
  return NULL;
}

/* Keeps the library's thread busy, so that no time is up before `may_go`. */
static void begin_gate(struct part *gate) {
  gate->manager = check_manager();
  gate->then = stay;
  check_hold(gate->manager, oarlock_write("gate"));
  wait_for(gate, "gate", 1, CHECK_SOON);
  EVENTUALLY(now(&gate->calls) == 1);
}

static void end_gate(struct part *gate) {
  one_more(&gate->may_go);
  EVENTUALLY(now(&gate->drops) == 1);
  CHECK(gate->status == OARLOCK_ERR_TIMEOUT);
  oarlock_manager_free(gate->manager);
}

/* A time-out lets two readers in on the library's thread. While the first one's
 * callback runs there, the manager is freed. */
static void a_manager_is_freed_while_the_timer_tells(void) {
  oarlock_manager *const manager = check_manager();
  struct part late = {.manager = manager};
  struct part first = {.manager = manager, .then = stay};
  struct part second = {.manager = manager};
  struct part gate = {.manager = NULL};
  pthread_t thread;
  begin_gate(&gate);
  check_hold(manager, oarlock_read("a"));
  wait_for(&late, "a", 1, CHECK_SOON);
  wait_for(&first, "a", 0, OARLOCK_FOREVER);
  wait_for(&second, "a", 0, OARLOCK_FOREVER);
  end_gate(&gate);
  EVENTUALLY(now(&first.calls) == 1);
  assert(pthread_create(&thread, NULL, free_it, &first) == 0);
  one_more(&first.may_go);
  assert(pthread_join(thread, NULL) == 0);
  EVENTUALLY(now(&second.drops) == 1 && now(&late.drops) == 1);
  CHECK(late.status == OARLOCK_ERR_TIMEOUT && first.status == OARLOCK_OK);
  /* Told before the end, or after it and of nothing. */
  CHECK(second.status == OARLOCK_OK || second.status == OARLOCK_ERR_CLOSED);
}

static void free_own(struct part *part) { oarlock_manager_free(part->manager); }

static void the_timers_callback_frees_its_manager(void) {
  oarlock_manager *const manager = check_manager();
  struct part late = {.manager = manager};
  struct part first = {.manager = manager, .then = free_own};
  struct part second = {.manager = manager};
  struct part gate = {.manager = NULL};
  begin_gate(&gate);
  check_hold(manager, oarlock_read("a"));
  wait_for(&late, "a", 1, CHECK_SOON);
  wait_for(&first, "a", 0, OARLOCK_FOREVER);
  wait_for(&second, "a", 0, OARLOCK_FOREVER);
  end_gate(&gate);
  EVENTUALLY(now(&first.drops) == 1 && now(&second.drops) == 1 && now(&late.drops) == 1);
  CHECK(late.status == OARLOCK_ERR_TIMEOUT);
  CHECK(first.status == OARLOCK_OK && second.status == OARLOCK_ERR_CLOSED);
}

static void a_completion_is_fetched_after_the_end(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *queue = NULL;
  oarlock_completion done;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  size_t count = 0;
  const oarlock_claim claim = oarlock_write("a");
  const oarlock_lock held = check_hold(manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&queue, NULL));
  CHECK_STATUS(OARLOCK_OK,
               oarlock_enqueue_queue(manager, &claim, 1, NULL, OARLOCK_FOREVER, queue, &done,
                                     &lock, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_manager_free(manager);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(queue, &done, 1, &count));
  CHECK(count == 1 && done.status == OARLOCK_ERR_CLOSED && done.lock == 0 && done.token == 0);
  CHECK(done.user_data == &done && done.error == NULL);
  oarlock_queue_free(queue);
}

/* All that a child does inside a callback works, and is told there. */
static void own_things(void *unused) {
  (void)unused;
  own_callbacks();
}

static void fork_inside(struct part *part) {
  CHECK(in_child(own_things, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(part->manager, part->lock));
}

static void a_child_is_forked_inside_a_callback(void) {
  oarlock_manager *const manager = check_manager();
  struct part first = {.manager = manager, .then = fork_inside};
  struct part second = {.manager = manager};
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  wait_for(&first, "a", 1, OARLOCK_FOREVER);
  wait_for(&second, "a", 1, OARLOCK_FOREVER);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  CHECK(now(&second.calls) == 1 && second.status == OARLOCK_OK);
  oarlock_manager_free(manager);
}

int main(void) {
  RUN(a_callback_frees_another_manager);
  RUN(a_manager_is_freed_while_the_timer_tells);
  RUN(the_timers_callback_frees_its_manager);
  RUN(a_completion_is_fetched_after_the_end);
  RUN(a_child_is_forked_inside_a_callback);
  return check_failed_tests != 0;
}
