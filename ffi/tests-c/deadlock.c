/* Circles of owners: refused, or ended, and told with everybody in them. */
#include "check.h"

enum { OWNERS = 4 };

/* Owners that each hold their own path. */
struct circle {
  oarlock_manager *manager;
  int count;
  oarlock_owner *owners[OWNERS];
  char paths[OWNERS][24], labels[OWNERS][24];
  oarlock_lock holds[OWNERS], waits[OWNERS];
};

static oarlock_request_options of(const struct circle *circle, int member) {
  return check_options(circle->owners[member], circle->labels[member]);
}

static oarlock_claim next_path(const struct circle *circle, int member) {
  return oarlock_write(circle->paths[(member + 1) % circle->count]);
}

/* All but the first wait for the next one's path. */
static void almost(struct circle *circle, int count) {
  circle->manager = check_manager();
  circle->count = count;
  for (int i = 0; i < count; i++) {
    circle->owners[i] = check_owner(circle->manager);
    snprintf(circle->paths[i], sizeof circle->paths[i], "path%d", i);
    snprintf(circle->labels[i], sizeof circle->labels[i], "own\xc3\xa9%d", i);
    const oarlock_request_options options = of(circle, i);
    circle->holds[i] = check_hold_as(circle->manager, oarlock_write(circle->paths[i]), &options);
  }
  circle->waits[0] = 0;
  for (int i = 1; i < count; i++) {
    const oarlock_request_options options = of(circle, i);
    circle->waits[i] = check_queue_as(circle->manager, next_path(circle, i), &options);
  }
}

static void undo(struct circle *circle) {
  for (int i = 0; i < circle->count; i++) {
    if (circle->waits[i]) {
      CHECK_STATUS(OARLOCK_OK, oarlock_release(circle->manager, circle->waits[i]));
    }
    CHECK_STATUS(OARLOCK_OK, oarlock_release(circle->manager, circle->holds[i]));
    oarlock_owner_free(circle->owners[i]);
  }
  check_done(circle->manager);
}

/* The parties: from the one that was refused on, each waits for the next. */
static void names_all(const struct circle *circle, const oarlock_error *error) {
  size_t count = 99;
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK, oarlock_error_code(error));
  CHECK(count == (size_t)circle->count);
  if (count != (size_t)circle->count) return;
  for (int i = 0; i < circle->count; i++) {
    CHECK(parties[i].owner == oarlock_owner_id(circle->owners[i]));
    CHECK(check_is(parties[i].label, circle->labels[i]));
    CHECK(parties[i].state == OARLOCK_WAITING && parties[i].reserved == 0);
    CHECK(strstr(oarlock_error_message(error), circle->labels[i]) != NULL);
    if (i > 0) CHECK(parties[i].lock == circle->waits[i]);
  }
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_cancel(circle->manager, parties[0].lock));
}

static void the_one_that_closes_a_circle_is_refused(void) {
  for (int count = 2; count <= OWNERS; count++) {
    struct circle circle;
    oarlock_lock lock = 9;
    oarlock_state state = 9;
    uint64_t token = 9;
    oarlock_error *error = NULL;
    almost(&circle, count);
    const oarlock_request_options first = of(&circle, 0);
    const oarlock_claim closing = next_path(&circle, 0);
    CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
                 oarlock_acquire(circle.manager, &closing, 1, &first, OARLOCK_FOREVER, &lock,
                                 &token, &error));
    CHECK(lock == 0 && token == 0);
    names_all(&circle, error);
    oarlock_error_free(error);
    error = NULL;
    CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
                 oarlock_enqueue(circle.manager, &closing, 1, &first, &lock, &state, &token,
                                 &error));
    CHECK(lock == 0 && state == 0 && token == 0);
    names_all(&circle, error);
    oarlock_error_free(error);
    /* A try waits for nobody, so there is no circle. */
    CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK,
                 oarlock_try_acquire(circle.manager, &closing, 1, &first, &lock, NULL, NULL));
    /* Nothing else has changed. */
    for (int i = 1; i < count; i++) {
      CHECK(check_state(circle.manager, circle.waits[i]) == OARLOCK_WAITING);
    }
    undo(&circle);
  }
}

/* Without owners nobody is known to hold the one and wait for the other. */
static void requests_without_owners_make_no_circle(void) {
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
  const struct circle *circle;
  oarlock_status status;
  oarlock_error *error;
  oarlock_lock lock; /* to be waited for */
};

static void *wait_for_it(void *data) {
  struct blocked *const blocked = (struct blocked *)data;
  blocked->status = oarlock_wait(blocked->circle->manager, blocked->lock, OARLOCK_FOREVER, NULL,
                                 &blocked->error);
  return NULL;
}

/* A grant may close a circle, too: then the wait of the new holder ends. Who comes too
 * late to wait for it hears that it has ended. */
static void a_wait_ends_when_a_grant_closes_a_circle(void) {
  struct circle circle;
  pthread_t thread;
  circle.manager = check_manager();
  circle.count = 2;
  for (int i = 0; i < 2; i++) {
    circle.owners[i] = check_owner(circle.manager);
    snprintf(circle.labels[i], sizeof circle.labels[i], "own%d", i);
  }
  const oarlock_request_options one = of(&circle, 0), two = of(&circle, 1);
  const oarlock_lock x = check_hold(circle.manager, oarlock_write("x"));
  const oarlock_lock y = check_hold(circle.manager, oarlock_write("y"));
  const oarlock_lock two_x = check_queue_as(circle.manager, oarlock_write("x"), &two);
  struct blocked blocked = {&circle, 1, NULL, 0};
  blocked.lock = check_queue_as(circle.manager, oarlock_write("x"), &one);
  const oarlock_lock one_y = check_queue_as(circle.manager, oarlock_write("y"), &one);
  const oarlock_lock two_y = check_queue_as(circle.manager, oarlock_write("y"), &two);
  assert(pthread_create(&thread, NULL, wait_for_it, &blocked) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(circle.manager, y));
  assert(pthread_join(thread, NULL) == 0);
  CHECK(blocked.status == OARLOCK_ERR_DEADLOCK || blocked.status == OARLOCK_ERR_STALE);
  CHECK_STATUS(blocked.status, oarlock_error_code(blocked.error));
  if (blocked.status == OARLOCK_ERR_DEADLOCK) {
    size_t count = 0;
    const oarlock_party *const parties = oarlock_error_parties(blocked.error, &count);
    CHECK(count == 2 && parties != NULL);
    if (count == 2) {
      CHECK(parties[0].lock == blocked.lock && check_is(parties[0].label, "own0"));
      CHECK(parties[1].lock == two_y && check_is(parties[1].label, "own1"));
    }
  }
  oarlock_error_free(blocked.error);
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(circle.manager, blocked.lock));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(circle.manager, x));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(circle.manager, one_y));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(circle.manager, two_x));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(circle.manager, two_y));
  oarlock_owner_free(circle.owners[0]);
  oarlock_owner_free(circle.owners[1]);
  check_done(circle.manager);
}

static void an_error_outlives_its_manager(void) {
  struct circle circle;
  oarlock_lock lock = 9;
  oarlock_error *error = NULL;
  size_t count = 0;
  almost(&circle, 2);
  const oarlock_request_options first = of(&circle, 0);
  const oarlock_claim closing = next_path(&circle, 0);
  CHECK_STATUS(OARLOCK_ERR_DEADLOCK,
               oarlock_acquire(circle.manager, &closing, 1, &first, CHECK_HOUR, &lock, NULL,
                               &error));
  undo(&circle);
  const oarlock_party *const parties = oarlock_error_parties(error, &count);
  CHECK(count == 2 && check_is(parties[1].label, circle.labels[1]));
  oarlock_error_free(error);
}

int main(void) {
  RUN(the_one_that_closes_a_circle_is_refused);
  RUN(requests_without_owners_make_no_circle);
  RUN(a_wait_ends_when_a_grant_closes_a_circle);
  RUN(an_error_outlives_its_manager);
  return check_failed_tests != 0;
}
