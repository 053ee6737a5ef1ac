/* What a callback may do: everything. It makes every kind of call, frees what is not
 * at work, and so does the function that gives its data back. */
#include "told.h"

/* The status that is wanted, of a call inside a callback. */
#define INSIDE(call) CHECK_STATUS(OARLOCK_OK, call)

struct visit {
  oarlock_manager *manager;
  int visits, drops;
};

static void count_drop(void *data) { ((struct visit *)data)->drops++; }

static void ask(const oarlock_manager *manager, oarlock_lock lock) {
  int32_t flag = 9;
  oarlock_str name = {"x", 1};
  oarlock_lock blockers[1];
  size_t count = 9;
  oarlock_stats stats = OARLOCK_STATS_INIT;
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  oarlock_snapshot *all = NULL, *one = NULL;
  INSIDE(oarlock_manager_check(manager));
  INSIDE(oarlock_manager_is_closed(manager, &flag));
  INSIDE(oarlock_manager_name(manager, &name));
  CHECK(flag == 0 && name.ptr == NULL);
  INSIDE(oarlock_inspect(manager, oarlock_path_of(""), &all, NULL));
  INSIDE(oarlock_inspect_lock(manager, lock, &one, NULL));
  CHECK(oarlock_snapshot_count(all) == 1 && oarlock_snapshot_count(one) == 1);
  INSIDE(oarlock_snapshot_get(one, 0, &info));
  CHECK(info.lock == lock && info.state == OARLOCK_GRANTED);
  oarlock_snapshot_free(all);
  oarlock_snapshot_free(one);
  INSIDE(oarlock_blockers(manager, lock, blockers, 1, &count));
  INSIDE(oarlock_stats_get(manager, &stats));
  CHECK(count == 0 && stats.held == 1);
  CHECK(check_state(manager, lock) == OARLOCK_GRANTED && check_token(manager, lock) != 0);
  INSIDE(oarlock_wait(manager, lock, OARLOCK_FOREVER, NULL, NULL));
}

static void acquire(const oarlock_manager *manager) {
  const oarlock_claim claims[2] = {oarlock_write("b"), oarlock_read("c")};
  oarlock_lock lock = 0, waits = 0;
  oarlock_state state = 0;
  oarlock_error *error = NULL;
  INSIDE(oarlock_acquire(manager, claims, 2, NULL, OARLOCK_FOREVER, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK,
               oarlock_try_acquire(manager, claims, 1, NULL, &waits, NULL, &error));
  oarlock_error_free(error);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, claims, 1, NULL, CHECK_SOON, &waits, NULL, &error));
  oarlock_error_free(error);
  INSIDE(oarlock_enqueue(manager, claims, 1, NULL, &waits, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_wait(manager, waits, CHECK_SOON, NULL, NULL));
  INSIDE(oarlock_cancel(manager, waits));
  INSIDE(oarlock_release_part(manager, lock, oarlock_path_of("c"), NULL));
  INSIDE(oarlock_downgrade(manager, lock));
  INSIDE(oarlock_try_upgrade(manager, lock, NULL, NULL));
  INSIDE(oarlock_downgrade(manager, lock));
  /* Another reader is in the way of an upgrade. */
  const oarlock_lock other = check_hold(manager, oarlock_read("b"));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_upgrade(manager, lock, CHECK_SOON, NULL, NULL));
  INSIDE(oarlock_upgrade_enqueue(manager, lock, &state, NULL, NULL));
  INSIDE(oarlock_upgrade_state(manager, lock, &state, NULL));
  CHECK(state == OARLOCK_WAITING);
  INSIDE(oarlock_upgrade_cancel(manager, lock));
  INSIDE(oarlock_upgrade_enqueue(manager, lock, &state, NULL, NULL));
  INSIDE(oarlock_release(manager, other));
  INSIDE(oarlock_upgrade_wait(manager, lock, OARLOCK_FOREVER, NULL, NULL));
  INSIDE(oarlock_release(manager, lock));
}

static oarlock_queue *outcomes; /* of what the callback lets in */
static oarlock_completion outcome;
static size_t outcomes_told;

/* What this lets in is told while the callback runs, or when it has returned. */
static void use_a_queue(oarlock_manager *manager) {
  oarlock_queue *queue = NULL;
  oarlock_completion done;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  size_t count = 9;
  const oarlock_claim claim = oarlock_write("d");
  const oarlock_lock held = check_hold(manager, claim);
  INSIDE(oarlock_enqueue_queue(manager, &claim, 1, NULL, OARLOCK_FOREVER, outcomes, NULL, &lock,
                               &state, NULL, NULL));
  INSIDE(oarlock_release(manager, held));
  CHECK(check_state(manager, lock) == OARLOCK_GRANTED);
  INSIDE(oarlock_queue_drain(outcomes, &outcome, 1, &outcomes_told));
  INSIDE(oarlock_queue_new(&queue, NULL));
  INSIDE(oarlock_queue_post(queue, NULL));
  INSIDE(oarlock_queue_wait(queue, OARLOCK_FOREVER, &done, 1, &count));
  CHECK(count == 1 && done.kind == OARLOCK_COMPLETION_POST);
  oarlock_queue_free(queue);
}

static void ignore(void *data, const oarlock_request_info *info) { (void)data, (void)info; }

static void free_others(oarlock_manager *manager, struct told *told) {
  oarlock_manager *other = NULL;
  oarlock_watch *watch = NULL;
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  oarlock_owner_free(check_owner(manager));
  INSIDE(oarlock_watch_new(manager, CHECK_HOUR, ignore, NULL, NULL, &watch, NULL));
  oarlock_watch_free(watch);
  /* Another manager, on which somebody waits. */
  INSIDE(oarlock_manager_new(NULL, &other, NULL));
  told->manager = other;
  CHECK(check_hold(other, oarlock_write("a")) != 0);
  INSIDE(told_enqueue(told, oarlock_write("a"), NULL, OARLOCK_FOREVER, &lock, &state));
  oarlock_manager_free(other);
}

static struct told of_freed; /* of a request on the manager that the callback frees */

static void go_everywhere(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                          const oarlock_error *error) {
  struct visit *const visit = (struct visit *)data;
  CHECK_STATUS(OARLOCK_OK, status);
  CHECK(token != 0 && error == NULL);
  visit->visits++;
  ask(visit->manager, lock);
  acquire(visit->manager);
  use_a_queue(visit->manager);
  free_others(visit->manager, &of_freed);
  INSIDE(oarlock_release(visit->manager, lock));
  INSIDE(oarlock_manager_close(visit->manager));
}

static void a_callback_may_make_every_call(void) {
  const struct told fresh = TOLD_INIT(NULL);
  struct visit visit = {check_manager(), 0, 0};
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  of_freed = fresh;
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&outcomes, NULL));
  const oarlock_lock held = check_hold(visit.manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(visit.manager, &claim, 1, NULL,
                                                    OARLOCK_FOREVER, go_everywhere, &visit,
                                                    count_drop, &lock, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(visit.manager, held));
  CHECK(visit.visits == 1 && visit.drops == 1);
  CHECK(told_times(&of_freed, 1));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, of_freed.status);
  if (outcomes_told == 0) {
    CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(outcomes, &outcome, 1, &outcomes_told));
  }
  CHECK(outcomes_told == 1 && outcome.status == OARLOCK_OK);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(visit.manager, outcome.lock));
  oarlock_queue_free(outcomes);
  oarlock_manager_free(visit.manager);
}

/* The drop function calls back, on every path on which it is called. */
static void drop_and_call(void *data) {
  struct visit *const visit = (struct visit *)data;
  const oarlock_claim claim = oarlock_write("elsewhere");
  oarlock_snapshot *all = NULL;
  oarlock_lock lock = 0;
  visit->drops++;
  INSIDE(oarlock_inspect(visit->manager, oarlock_path_of(""), &all, NULL));
  oarlock_snapshot_free(all);
  const oarlock_status status =
      oarlock_acquire(visit->manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL, NULL);
  CHECK(status == OARLOCK_OK || status == OARLOCK_ERR_CLOSED);
  if (status == OARLOCK_OK) INSIDE(oarlock_release(visit->manager, lock));
}

static void count_visit(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                        const oarlock_error *error) {
  struct visit *const visit = (struct visit *)data;
  (void)token, (void)error;
  visit->visits++;
  if (status == OARLOCK_OK) INSIDE(oarlock_release(visit->manager, lock));
}

static void a_drop_function_may_call_back(void) {
  struct visit visit = {check_manager(), 0, 0};
  const oarlock_claim good = oarlock_write("a"), bad = oarlock_write("a//b");
  const oarlock_claim root = oarlock_write("");
  int drops = 0, visits = 0;
  const struct {
    const oarlock_claim *claim;
    int64_t timeout_ns;
    oarlock_status status;
    char then; /* 'r'elease what is in the way, 'c'ancel, 'x' close */
  } paths[] = {
      {&bad, OARLOCK_FOREVER, OARLOCK_ERR_EMPTY_SEGMENT, 0},
      {&good, 0, OARLOCK_ERR_TIMEOUT, 0},
      {&good, -2, OARLOCK_ERR_INVALID_TIMEOUT, 0},
      {&good, OARLOCK_FOREVER, OARLOCK_OK, 'c'},
      {&root, OARLOCK_FOREVER, OARLOCK_OK, 'c'},
      {&good, CHECK_HOUR, OARLOCK_OK, 'r'},
      {&good, OARLOCK_FOREVER, OARLOCK_OK, 'x'},
      {&good, OARLOCK_FOREVER, OARLOCK_ERR_CLOSED, 0},
  };
  oarlock_lock held = check_hold(visit.manager, good);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    CHECK_STATUS(paths[i].status,
                 oarlock_enqueue_callback(visit.manager, paths[i].claim, 1, NULL,
                                          paths[i].timeout_ns, count_visit, &visit, drop_and_call,
                                          &lock, &state, NULL, NULL));
    CHECK((state == OARLOCK_WAITING) == (paths[i].then != 0));
    if (paths[i].then == 'c') INSIDE(oarlock_cancel(visit.manager, lock));
    if (paths[i].then == 'x') INSIDE(oarlock_manager_close(visit.manager));
    if (paths[i].then == 'r') {
      INSIDE(oarlock_release(visit.manager, held));
      held = check_hold(visit.manager, good);
    }
    drops++;
    visits += paths[i].then != 0;
    CHECK(visit.drops == drops && visit.visits == visits);
  }
  INSIDE(oarlock_release(visit.manager, held));
  oarlock_manager_free(visit.manager);

  /* Granted at once. */
  visit.manager = check_manager();
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  INSIDE(oarlock_enqueue_callback(visit.manager, &good, 1, NULL, OARLOCK_FOREVER, count_visit,
                                  &visit, drop_and_call, &lock, &state, NULL, NULL));
  CHECK(state == OARLOCK_GRANTED && visit.drops == drops + 1 && visit.visits == visits);
  INSIDE(oarlock_release(visit.manager, lock));
  check_done(visit.manager);
}

/* A callback ends a request that waits with a callback, and registers another one. */
static struct told cancelled_inside;

static void cancel_inside(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                          const oarlock_error *error) {
  struct visit *const visit = (struct visit *)data;
  oarlock_lock waits = 0;
  oarlock_state state = 0;
  (void)status, (void)token, (void)error;
  INSIDE(told_enqueue(&cancelled_inside, oarlock_write("a"), NULL, OARLOCK_FOREVER, &waits,
                      &state));
  INSIDE(oarlock_cancel(visit->manager, waits));
  CHECK(told_nothing(&cancelled_inside)); /* only when this one has returned */
  visit->visits++;
  INSIDE(oarlock_release(visit->manager, lock));
}

static void a_cancel_inside_is_told_afterwards(void) {
  struct visit visit = {check_manager(), 0, 0};
  const struct told fresh = TOLD_INIT(visit.manager);
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  cancelled_inside = fresh;
  const oarlock_lock held = check_hold(visit.manager, claim);
  CHECK_STATUS(OARLOCK_OK, oarlock_enqueue_callback(visit.manager, &claim, 1, NULL,
                                                    OARLOCK_FOREVER, cancel_inside, &visit,
                                                    count_drop, &lock, &state, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(visit.manager, held));
  CHECK(visit.visits == 1 && visit.drops == 1);
  CHECK(told_times(&cancelled_inside, 1));
  CHECK_STATUS(OARLOCK_ERR_CANCELLED, cancelled_inside.status);
  check_done(visit.manager);
}

int main(void) {
  RUN(a_callback_may_make_every_call);
  RUN(a_drop_function_may_call_back);
  RUN(a_cancel_inside_is_told_afterwards);
  return check_failed_tests != 0;
}
