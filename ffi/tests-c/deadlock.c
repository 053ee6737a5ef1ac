/* Cycles of owners: refused at once, and told with everybody in them. */
#include "check.h"

enum { OWNERS = 4 };

/* Owners that each hold their own path. */
struct cycle {
  oarlock_manager *manager;
  int count;
  oarlock_owner *owners[OWNERS];
  char paths[OWNERS][24], labels[OWNERS][24];
  oarlock_lock holds[OWNERS], waits[OWNERS];
};

static oarlock_request_options of(const struct cycle *cycle, int member) {
  return check_options(cycle->owners[member], cycle->labels[member]);
}

static oarlock_claim next_path(const struct cycle *cycle, int member) {
  return oarlock_write(cycle->paths[(member + 1) % cycle->count]);
}

/* All but the first wait for the next one's path. */
static void almost(struct cycle *cycle, int count) {
  cycle->manager = check_manager();
  cycle->count = count;
  for (int i = 0; i < count; i++) {
    cycle->owners[i] = check_owner(cycle->manager);
    snprintf(cycle->paths[i], sizeof cycle->paths[i], "path%d", i);
    snprintf(cycle->labels[i], sizeof cycle->labels[i], "own\xc3\xa9%d", i);
    const oarlock_request_options options = of(cycle, i);
    cycle->holds[i] = check_hold_as(cycle->manager, oarlock_write(cycle->paths[i]), &options);
  }
  cycle->waits[0] = 0;
  for (int i = 1; i < count; i++) {
    const oarlock_request_options options = of(cycle, i);
    cycle->waits[i] = check_queue_as(cycle->manager, next_path(cycle, i), &options);
  }
}

static void undo(struct cycle *cycle) {
  for (int i = 0; i < cycle->count; i++) {
    if (cycle->waits[i]) {
      CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle->manager, cycle->waits[i]));
    }
    CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle->manager, cycle->holds[i]));
    oarlock_owner_free(cycle->owners[i]);
  }
  check_done(cycle->manager);
}

/* The parties: from the one that was refused on, each waits for the next. */
static void names_all(const struct cycle *cycle, const oarlock_error *error) {
  size_t count = 99;
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK, oarlock_error_code(error));
  CHECK(count == (size_t)cycle->count);
  if (count != (size_t)cycle->count) return;
  for (int i = 0; i < cycle->count; i++) {
    CHECK(parties[i].owner == oarlock_owner_id(cycle->owners[i]));
    CHECK(check_is(parties[i].label, cycle->labels[i]));
    CHECK(parties[i].state == OARLOCK_WAITING && parties[i].reserved == 0);
    CHECK(strstr(oarlock_error_message(error), cycle->labels[i]) != NULL);
    if (i > 0) CHECK(parties[i].lock == cycle->waits[i]);
  }
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_cancel(cycle->manager, parties[0].lock));
}

static void the_one_that_closes_a_cycle_is_refused(void) {
  for (int count = 2; count <= OWNERS; count++) {
    struct cycle cycle;
    oarlock_lock lock = 9;
    oarlock_state state = 9;
    uint64_t token = 9;
    oarlock_error *error = NULL;
    almost(&cycle, count);
    const oarlock_request_options first = of(&cycle, 0);
    const oarlock_claim closing = next_path(&cycle, 0);
    CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
                 oarlock_acquire(cycle.manager, &closing, 1, &first, OARLOCK_FOREVER, &lock,
                                 &token, &error));
    CHECK(lock == 0 && token == 0);
    names_all(&cycle, error);
    oarlock_error_free(error);
    error = NULL;
    CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
                 oarlock_enqueue(cycle.manager, &closing, 1, &first, &lock, &state, &token,
                                 &error));
    CHECK(lock == 0 && state == 0 && token == 0);
    names_all(&cycle, error);
    oarlock_error_free(error);
    /* A try waits for nobody, so it is no deadlock. */
    CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK,
                 oarlock_try_acquire(cycle.manager, &closing, 1, &first, &lock, NULL, NULL));
    /* Nothing else has changed. */
    for (int i = 1; i < count; i++) {
      CHECK(check_state(cycle.manager, cycle.waits[i]) == OARLOCK_WAITING);
    }
    undo(&cycle);
  }
}

/* Without owners nobody is known to hold the one and wait for the other. */
static void requests_without_owners_make_no_cycle(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_lock a = check_hold(manager, oarlock_write("a"));
  const oarlock_lock b = check_hold(manager, oarlock_write("b"));
  const oarlock_lock waits_b = check_queue(manager, oarlock_write("b"));
  const oarlock_lock waits_a = check_queue(manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, a));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, b));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits_a));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, waits_b));
  check_done(manager);
}

struct blocked {
  const struct cycle *cycle;
  oarlock_status status;
  oarlock_error *error;
  oarlock_lock lock; /* to be waited for */
};

static void *wait_for_it(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  blocked->status = oarlock_wait(blocked->cycle->manager, blocked->lock, OARLOCK_FOREVER, NULL,
                                 &blocked->error);
  return NULL;
}

/* Those that wait for each other only because of their places are put into an order: all
 * are granted, also the one that a thread waits for. */
static void a_knot_of_those_that_wait_is_opened(void) {
  struct cycle cycle;
  pthread_t thread;
  cycle.manager = check_manager();
  cycle.count = 2;
  for (int i = 0; i < 2; i++) {
    cycle.owners[i] = check_owner(cycle.manager);
    snprintf(cycle.labels[i], sizeof cycle.labels[i], "own%d", i);
  }
  const oarlock_request_options one = of(&cycle, 0), two = of(&cycle, 1);
  const oarlock_lock x = check_hold(cycle.manager, oarlock_write("x"));
  const oarlock_lock y = check_hold(cycle.manager, oarlock_write("y"));
  const oarlock_lock two_x = check_queue_as(cycle.manager, oarlock_write("x"), &two);
  struct blocked blocked = {&cycle, 1, NULL, 0};
  blocked.lock = check_queue_as(cycle.manager, oarlock_write("x"), &one);
  const oarlock_lock one_y = check_queue_as(cycle.manager, oarlock_write("y"), &one);
  const oarlock_lock two_y = check_queue_as(cycle.manager, oarlock_write("y"), &two);
  assert(pthread_create(&thread, NULL, wait_for_it, &blocked) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle.manager, y));
  CHECK(check_state(cycle.manager, two_y) == OARLOCK_GRANTED);
  CHECK(check_state(cycle.manager, one_y) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle.manager, x));
  CHECK(check_state(cycle.manager, two_x) == OARLOCK_GRANTED);
  CHECK(check_state(cycle.manager, blocked.lock) == OARLOCK_WAITING);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle.manager, two_y));
  CHECK(check_state(cycle.manager, one_y) == OARLOCK_GRANTED);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle.manager, two_x));
  assert(pthread_join(thread, NULL) == 0);
  CHECK_STATUS(OARLOCK_OK, blocked.status);
  CHECK(blocked.error == NULL);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle.manager, blocked.lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(cycle.manager, one_y));
  oarlock_owner_free(cycle.owners[0]);
  oarlock_owner_free(cycle.owners[1]);
  check_done(cycle.manager);
}

static void an_error_outlives_its_manager(void) {
  struct cycle cycle;
  oarlock_lock lock = 9;
  oarlock_error *error = NULL;
  size_t count = 0;
  almost(&cycle, 2);
  const oarlock_request_options first = of(&cycle, 0);
  const oarlock_claim closing = next_path(&cycle, 0);
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
               oarlock_acquire(cycle.manager, &closing, 1, &first, CHECK_HOUR, &lock, NULL,
                               &error));
  undo(&cycle);
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  CHECK(count == 2 && check_is(parties[1].label, cycle.labels[1]));
  oarlock_error_free(error);
}

int main(void) {
  RUN(the_one_that_closes_a_cycle_is_refused);
  RUN(requests_without_owners_make_no_cycle);
  RUN(a_knot_of_those_that_wait_is_opened);
  RUN(an_error_outlives_its_manager);
  return check_failed_tests != 0;
}
