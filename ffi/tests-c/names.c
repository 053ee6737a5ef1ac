/* Managers with names, what a handle tells of itself, and closing. */
#include "queued.h"
#include "told.h"

static void a_name_is_one_manager(void) {
  oarlock_manager *one = NULL, *two = NULL, *other = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("shared"), &one, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("shared"), &two, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of(""), &other, NULL));
  const oarlock_lock lock = check_hold(one, oarlock_write("a"));
  CHECK(!check_free(two, oarlock_read("a")));
  CHECK(check_free(other, oarlock_read("a")));
  /* The lock outlives the handle that took it, as another one is there. */
  oarlock_manager_free(one);
  CHECK(!check_free(two, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(two, lock));
  check_done(two);
  check_done(other);
  /* The name is free again. */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("shared"), &one, NULL));
  check_done(one);
}

static void a_closed_name_is_closed_for_all_its_handles(void) {
  oarlock_manager *one = NULL, *two = NULL;
  oarlock_lock lock = 0;
  const oarlock_claim claim = oarlock_write("a");
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("closing"), &one, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("closing"), &two, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(one));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, oarlock_try_acquire(two, &claim, 1, NULL, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_check(two));
  oarlock_manager_free(one);
  oarlock_manager_free(two);
}

static void a_handle_knows_its_name(void) {
  static const oarlock_str names[] = {{"plain", 5}, {"", 0}, {"caf\xc3\xa9", 5}, {"a\0b", 3}};
  oarlock_manager *manager = NULL;
  oarlock_str name = {"x", 1};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char copy[8];
    memcpy(copy, names[i].ptr, names[i].len);
    const oarlock_str given = {copy, names[i].len};
    CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(given, &manager, NULL));
    memset(copy, 'x', sizeof copy); /* it was copied */
    CHECK_STATUS(OARLOCK_OK, oarlock_manager_name(manager, &name));
    CHECK(name.ptr != NULL && name.len == names[i].len);
    CHECK(memcmp(name.ptr, names[i].ptr, name.len) == 0);
    check_done(manager);
  }
  /* Without a name there is no pointer either. */
  manager = check_manager();
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_name(manager, &name));
  CHECK(name.ptr == NULL && name.len == 0);
  check_done(manager);
}

/* The empty name with and without a pointer is one name. */
static void the_empty_name_is_a_name(void) {
  const oarlock_str null = {NULL, 0};
  oarlock_manager *one = NULL, *two = NULL;
  oarlock_str name = {NULL, 9};
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(null, &one, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of(""), &two, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_name(one, &name));
  CHECK(name.ptr != NULL && name.len == 0);
  const oarlock_lock lock = check_hold(one, oarlock_write("a"));
  CHECK(!check_free(two, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(two, lock));
  oarlock_manager_free(one);
  check_done(two);
}

static void bad_names_are_refused(void) {
  static const struct {
    oarlock_str name;
    oarlock_status status;
  } bad[] = {{{NULL, 4}, OARLOCK_ERR_INVALID_ARGUMENT},
             {{NULL, SIZE_MAX}, OARLOCK_ERR_INVALID_ARGUMENT},
             {{"x", SIZE_MAX}, OARLOCK_ERR_INVALID_ARGUMENT},
             {{"caf\xe9", 4}, OARLOCK_ERR_INVALID_NAME},
             {{"\xed\xa0\x80", 3}, OARLOCK_ERR_INVALID_NAME}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    oarlock_manager *manager = (oarlock_manager *)&manager;
    oarlock_error *error = NULL;
    CHECK_STATUS(bad[i].status, oarlock_manager_named(bad[i].name, &manager, &error));
    CHECK(manager == NULL);
    CHECK_STATUS(bad[i].status, oarlock_error_code(error));
    oarlock_error_free(error);
  }
}

static void whether_it_is_closed(void) {
  oarlock_manager *one = NULL, *two = NULL;
  int32_t closed = 9;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("closed"), &one, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("closed"), &two, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_is_closed(one, &closed));
  CHECK(closed == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(two));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_is_closed(one, &closed));
  CHECK(closed == 1);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(two)); /* twice does nothing */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_check(one));
  oarlock_manager_free(one);
  oarlock_manager_free(two);
  /* The name is free again, and its new manager is open. */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("closed"), &one, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_is_closed(one, &closed));
  CHECK(closed == 0);
  check_done(one);
}

/* With the last handle the manager ends: also where an outcome lies in a queue that
 * nobody has fetched. */
static void the_last_handle_ends_what_waits(void) {
  for (int undrained = 0; undrained < 2; undrained++) {
    oarlock_queue *const queue = queued_new();
    struct told told = TOLD_INIT(NULL);
    oarlock_manager *again = NULL;
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    CHECK_STATUS(OARLOCK_OK,
                 oarlock_manager_named(oarlock_str_of("last"), &told.manager, NULL));
    const oarlock_lock held = check_hold(told.manager, oarlock_write("a"));
    if (undrained) {
      queued_waits(told.manager, oarlock_write("a"), OARLOCK_FOREVER, queue, NULL);
      CHECK_STATUS(OARLOCK_OK, oarlock_release(told.manager, held));
    }
    CHECK_STATUS(OARLOCK_OK, told_enqueue(&told, oarlock_write("a"), NULL, OARLOCK_FOREVER, &lock,
                                          &state));
    queued_waits(told.manager, oarlock_write("a"), CHECK_HOUR, queue, &told);
    oarlock_manager_free(told.manager);
    CHECK(told_times(&told, 1) && told.status == OARLOCK_ERR_CLOSED);
    /* The name is free again: its manager is a new one, open and with nothing on it. */
    CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("last"), &again, NULL));
    CHECK(check_free(again, oarlock_write("")));
    if (undrained) CHECK_STATUS(OARLOCK_ERR_CLOSED, queued_next(queue).status);
    CHECK_STATUS(OARLOCK_ERR_CLOSED, queued_next(queue).status);
    check_done(again);
    oarlock_queue_free(queue);
  }
}

/* A callback that takes its time, on the thread for timeouts. */
struct slow {
  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t changed;
  int entered, may_return, dropped;
};

static void set(struct slow *slow, int *flag) {
  pthread_mutex_lock(&slow->mutex);
  *flag = 1;
  pthread_cond_broadcast(&slow->changed);
  pthread_mutex_unlock(&slow->mutex);
}

static void await(struct slow *slow, const int *flag) {
  pthread_mutex_lock(&slow->mutex);
  while (!*flag) pthread_cond_wait(&slow->changed, &slow->mutex);
  pthread_mutex_unlock(&slow->mutex);
}

static void be_slow(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                    const oarlock_error *error) {
  struct slow *const slow = (struct slow *)data;
  (void)status, (void)lock, (void)token, (void)error;
  set(slow, &slow->entered);
  await(slow, &slow->may_return);
}

static void end_slow(void *data) {
  struct slow *const slow = (struct slow *)data;
  set(slow, &slow->dropped);
}

static void *free_it(void *manager) {
  oarlock_manager_free((oarlock_manager *)manager);
  return NULL;
}

/* The last handle is the last, though a callback of the manager is still running: what
 * frees it waits for that, but the name is free at once. */
static void a_name_is_free_while_a_callback_runs(void) {
  struct slow slow = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0};
  struct told told = TOLD_INIT(NULL);
  const oarlock_claim claim = oarlock_write("a");
  oarlock_manager *again = NULL;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  pthread_t thread;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("slow"), &told.manager, NULL));
  CHECK(check_hold(told.manager, claim) != 0);
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&told, claim, NULL, OARLOCK_FOREVER, &lock, &state));
  CHECK_STATUS(OARLOCK_OK,
               oarlock_enqueue_callback(told.manager, &claim, 1, NULL, CHECK_SOON, be_slow, &slow,
                                        end_slow, &lock, &state, NULL, NULL));
  await(&slow, &slow.entered);
  assert(pthread_create(&thread, NULL, free_it, told.manager) == 0);
  told_await(&told);
  CHECK(told_times(&told, 1) && told.status == OARLOCK_ERR_CLOSED);
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("slow"), &again, NULL));
  CHECK(check_free(again, claim));
  set(&slow, &slow.may_return);
  await(&slow, &slow.dropped);
  assert(pthread_join(thread, NULL) == 0);
  check_done(again);
}

struct namer {
  int wrong;
};

/* Finds, makes and frees the same names as the others. */
static void *use_names(void *data) {
  struct namer *const namer = (struct namer *)data;
  for (int i = 0; i < 300; i++) {
    oarlock_manager *manager = NULL;
    oarlock_lock lock = 0;
    const oarlock_claim claim = oarlock_write("a");
    if (oarlock_manager_named(oarlock_str_of(i % 2 ? "odd" : "even"), &manager, NULL) ||
        oarlock_acquire(manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL) ||
        oarlock_release(manager, lock)) {
      namer->wrong = 1;
    }
    oarlock_manager_free(manager);
  }
  return NULL;
}

static void names_come_and_go_in_many_threads(void) {
  enum { THREADS = 3 };
  struct namer namers[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    namers[i].wrong = 0;
    assert(pthread_create(&threads[i], NULL, use_names, &namers[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) {
    assert(pthread_join(threads[i], NULL) == 0);
    CHECK(namers[i].wrong == 0);
  }
}

int main(void) {
  RUN(a_name_is_one_manager);
  RUN(a_closed_name_is_closed_for_all_its_handles);
  RUN(a_handle_knows_its_name);
  RUN(the_empty_name_is_a_name);
  RUN(bad_names_are_refused);
  RUN(whether_it_is_closed);
  RUN(the_last_handle_ends_what_waits);
  RUN(a_name_is_free_while_a_callback_runs);
  RUN(names_come_and_go_in_many_threads);
  return check_failed_tests != 0;
}
