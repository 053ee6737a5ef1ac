/* A forked child is refused by every function, at once, with every handle from
 * before, and may do everything with its own.
 * skip: tsan because it has no new threads after a fork of many
 */
#include "child.h"
#include "own.h"

/* Handles of every kind, and locks in every state. */
struct before {
  oarlock_manager *manager;
  oarlock_owner *owner;
  oarlock_queue *queue;
  oarlock_snapshot *snapshot;
  oarlock_watch *watch;
  oarlock_error *error;
  oarlock_lock held, waiting;
  int called, dropped;
  int watched; /* by the watch's thread; atomic, which C99 has no type for */
};

static void on_before(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                      const oarlock_error *error) {
  (void)status, (void)lock, (void)token, (void)error;
  ((struct before *)data)->called++;
}

static void on_before_drop(void *data) { ((struct before *)data)->dropped++; }

static void on_seen(void *data, const oarlock_request_info *info) { (void)data, (void)info; }

static void on_watched(void *data, const oarlock_request_info *info) {
  (void)info;
  __atomic_store_n(&((struct before *)data)->watched, 1, __ATOMIC_SEQ_CST);
}

static void make(struct before *before) {
  const oarlock_claim nothing = oarlock_write("//");
  oarlock_lock lock = 0;
  memset(before, 0, sizeof *before);
  before->manager = check_manager();
  before->owner = check_owner(before->manager);
  before->held = check_hold(before->manager, oarlock_write("a"));
  before->waiting = check_queue(before->manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_new(&before->queue, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_inspect(before->manager, oarlock_path_of(""),
                                           &before->snapshot, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_watch_new(before->manager, CHECK_SOON, on_watched, before, NULL,
                                             &before->watch, NULL));
  EVENTUALLY(__atomic_load_n(&before->watched, __ATOMIC_SEQ_CST)); /* its thread has begun */
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT,
               oarlock_try_acquire(before->manager, &nothing, 1, NULL, &lock, NULL,
                                   &before->error));
}

static void unmake(struct before *before) {
  oarlock_error_free(before->error);
  oarlock_watch_free(before->watch);
  oarlock_snapshot_free(before->snapshot);
  oarlock_queue_free(before->queue);
  oarlock_owner_free(before->owner);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(before->manager, before->held));
  CHECK_STATUS(OARLOCK_OK, oarlock_wait(before->manager, before->waiting, 0, NULL, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(before->manager, before->waiting));
  check_done(before->manager);
}

#define REFUSED(call) CHECK_STATUS(OARLOCK_ERR_FORKED, call)

static void use_the_manager(struct before *before) {
  oarlock_manager *const manager = before->manager;
  int32_t closed = 9;
  oarlock_str name = {"", 9};
  oarlock_owner *owner = NULL;
  oarlock_snapshot *snapshot = NULL;
  oarlock_watch *watch = NULL;
  oarlock_stats stats = OARLOCK_STATS_INIT;
  oarlock_error *error = NULL;
  REFUSED(oarlock_manager_check(manager));
  REFUSED(oarlock_manager_close(manager));
  REFUSED(oarlock_manager_is_closed(manager, &closed));
  REFUSED(oarlock_manager_name(manager, &name));
  CHECK(closed == 0 && name.ptr == NULL && name.len == 0);
  REFUSED(oarlock_owner_new(manager, &owner, &error));
  CHECK(owner == NULL && oarlock_error_code(error) == OARLOCK_ERR_FORKED);
  oarlock_error_free(error);
  REFUSED(oarlock_inspect(manager, oarlock_path_of(""), &snapshot, NULL));
  REFUSED(oarlock_inspect_lock(manager, before->held, &snapshot, NULL));
  stats.held = 9;
  REFUSED(oarlock_stats_get(manager, &stats));
  CHECK(snapshot == NULL && stats.held == 0);
  before->dropped = 0;
  REFUSED(oarlock_watch_new(manager, CHECK_SOON, on_seen, before, on_before_drop, &watch, NULL));
  CHECK(watch == NULL && before->dropped == 1);
}

static void use_the_locks(struct before *before) {
  oarlock_manager *const manager = before->manager;
  const oarlock_lock held = before->held, waiting = before->waiting;
  oarlock_state state = 9;
  uint64_t token = 9;
  oarlock_lock blockers[2];
  size_t count = 9;
  REFUSED(oarlock_wait(manager, waiting, OARLOCK_FOREVER, &token, NULL));
  REFUSED(oarlock_lock_state(manager, held, &state));
  REFUSED(oarlock_lock_token(manager, held, &token));
  REFUSED(oarlock_cancel(manager, waiting));
  REFUSED(oarlock_release(manager, held));
  REFUSED(oarlock_try_upgrade(manager, held, &token, NULL));
  REFUSED(oarlock_upgrade(manager, held, OARLOCK_FOREVER, &token, NULL));
  REFUSED(oarlock_upgrade_enqueue(manager, held, &state, &token, NULL));
  REFUSED(oarlock_upgrade_wait(manager, held, OARLOCK_FOREVER, &token, NULL));
  REFUSED(oarlock_upgrade_state(manager, held, &state, &token));
  REFUSED(oarlock_upgrade_cancel(manager, held));
  before->dropped = 0;
  REFUSED(oarlock_upgrade_callback(manager, held, CHECK_SOON, on_before, before, on_before_drop,
                                   &state, &token, NULL));
  CHECK(before->called == 0 && before->dropped == 1);
  REFUSED(oarlock_upgrade_queue(manager, held, CHECK_SOON, before->queue, NULL, &state, &token,
                                NULL));
  REFUSED(oarlock_downgrade(manager, held));
  REFUSED(oarlock_release_part(manager, held, oarlock_path_of("a"), NULL));
  REFUSED(oarlock_blockers(manager, waiting, blockers, 2, &count));
  CHECK(state == 0 && token == 0 && count == 0);
}

static void ask_for_more(struct before *before) {
  oarlock_manager *const manager = before->manager;
  const oarlock_claim claim = oarlock_write("elsewhere");
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  uint64_t token = 9;
  int32_t would = 9;
  REFUSED(oarlock_acquire(manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, &token, NULL));
  REFUSED(oarlock_acquire(manager, &claim, 1, NULL, CHECK_SOON, &lock, &token, NULL));
  REFUSED(oarlock_try_acquire(manager, &claim, 1, NULL, &lock, &token, NULL));
  REFUSED(oarlock_would_grant(manager, &claim, 1, NULL, &would, NULL));
  REFUSED(oarlock_enqueue(manager, &claim, 1, NULL, &lock, &state, &token, NULL));
  before->dropped = 0;
  REFUSED(oarlock_enqueue_callback(manager, &claim, 1, NULL, CHECK_SOON, on_before, before,
                                   on_before_drop, &lock, &state, &token, NULL));
  CHECK(before->called == 0 && before->dropped == 1);
  REFUSED(oarlock_enqueue_queue(manager, &claim, 1, NULL, CHECK_SOON, before->queue, NULL, &lock,
                                &state, &token, NULL));
  CHECK(lock == 0 && state == 0 && token == 0 && would == 0);
}

/* Also together with a manager that is the child's own. */
static void use_the_others(struct before *before) {
  oarlock_manager *const own = check_manager();
  const oarlock_claim claim = oarlock_write("a");
  const oarlock_request_options options = check_options(before->owner, NULL);
  oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  oarlock_completion completion;
  size_t count = 9;
  int fd = 9;
  oarlock_lock lock = 9;
  oarlock_state state = 9;
  CHECK(oarlock_owner_id(before->owner) == 0);
  REFUSED(oarlock_try_acquire(own, &claim, 1, &options, &lock, NULL, NULL));
  REFUSED(oarlock_queue_fd(before->queue, &fd));
  REFUSED(oarlock_queue_drain(before->queue, &completion, 1, &count));
  REFUSED(oarlock_queue_wait(before->queue, OARLOCK_FOREVER, &completion, 1, &count));
  REFUSED(oarlock_queue_post(before->queue, NULL));
  CHECK(fd == -1 && count == 0);
  const oarlock_lock held = check_hold(own, claim);
  REFUSED(oarlock_enqueue_queue(own, &claim, 1, NULL, CHECK_SOON, before->queue, NULL, &lock,
                                &state, NULL, NULL));
  CHECK(lock == 0 && state == 0 && own_waiting(own) == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(own, held));
  CHECK(oarlock_snapshot_count(before->snapshot) == 0);
  info.token = 9;
  REFUSED(oarlock_snapshot_get(before->snapshot, 0, &info));
  CHECK(info.token == 0);
  /* An error is plain data. */
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, oarlock_error_code(before->error));
  CHECK(oarlock_error_message(before->error)[0] != 0);
  check_done(own);
}

static void use_everything(void *data) {
  struct before *const before = (struct before *)data;
  use_the_manager(before);
  use_the_locks(before);
  ask_for_more(before);
  use_the_others(before);
  oarlock_error_free(before->error);
  oarlock_watch_free(before->watch);
  oarlock_snapshot_free(before->snapshot);
  oarlock_queue_free(before->queue);
  oarlock_owner_free(before->owner);
  oarlock_manager_free(before->manager);
  /* Nothing of them was given back: they can still be told from own ones. */
  REFUSED(oarlock_manager_check(before->manager));
  REFUSED(oarlock_queue_post(before->queue, NULL));
}

static void a_child_is_refused_and_the_parent_goes_on(void) {
  struct before before;
  oarlock_completion completion;
  size_t count = 0;
  make(&before);
  CHECK(in_child(use_everything, &before));
  CHECK(before.called == 0 && before.dropped == 0);
  CHECK(check_free(before.manager, oarlock_write("elsewhere")));
  CHECK(check_state(before.manager, before.waiting) == OARLOCK_WAITING);
  CHECK(oarlock_snapshot_count(before.snapshot) == 2);
  CHECK(oarlock_owner_id(before.owner) != 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_queue_drain(before.queue, &completion, 1, &count));
  CHECK(count == 0);
  unmake(&before);
}

static void use_own(void *data) {
  (void)data;
  own_everything();
}

/* What is new in a child is old in its child. */
static void in_grandchild(void *data) {
  struct before before;
  (void)data;
  make(&before);
  CHECK(in_child(use_everything, &before));
  CHECK(in_child(use_own, NULL));
  unmake(&before);
  own_everything();
}

/* The first call is made in the child, or the library was in use before. */
static void a_child_may_make_its_own(void) {
  CHECK(in_child(use_own, NULL));
  own_everything();
  CHECK(in_child(use_own, NULL));
}

static void a_fork_of_a_fork(void) {
  struct before before;
  make(&before);
  CHECK(in_child(in_grandchild, NULL));
  unmake(&before);
}

static void use_the_name(void *data) {
  oarlock_manager *mine = NULL, *again = NULL;
  (void)data;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("forked"), &mine, NULL));
  const oarlock_lock lock = check_hold(mine, oarlock_write("a")); /* not the parent's */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("forked"), &again, NULL));
  CHECK(!check_free(again, oarlock_read("a")));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(again, lock));
  oarlock_manager_free(again);
  oarlock_manager_free(mine);
}

static void a_name_is_the_childs_own(void) {
  oarlock_manager *manager = NULL;
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_named(oarlock_str_of("forked"), &manager, NULL));
  const oarlock_lock lock = check_hold(manager, oarlock_write("a"));
  CHECK(in_child(use_the_name, NULL));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, lock));
  check_done(manager);
}

int main(void) {
  RUN(a_child_may_make_its_own);
  RUN(a_child_is_refused_and_the_parent_goes_on);
  RUN(a_fork_of_a_fork);
  RUN(a_name_is_the_childs_own);
  return check_failed_tests != 0;
}
