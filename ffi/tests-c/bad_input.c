/* Every function of the library with every argument wrong in turn: a status of its
 * own, blank outputs, and nothing else changes. The functions are rows of a table,
 * which is compared with the list of what the library exports. */
#include "bad_input.h"

/* How each function is called with the arguments at hand. One without a status gives
 * INVALID_ARGUMENT where it gives nothing. */
#define CALL(name, call) \
  static oarlock_status call_##name(const struct arguments *a) { return call; }
#define ASK(name, answer) \
  static oarlock_status call_##name(const struct arguments *a) { \
    return (answer) ? OARLOCK_OK : OARLOCK_ERR_INVALID_ARGUMENT; \
  }
/* Frees are called with what is wrong only, and must do nothing. */
#define FREE(name, call) \
  static oarlock_status call_##name(const struct arguments *a) { \
    call; \
    return OARLOCK_ERR_INVALID_ARGUMENT; \
  }

CALL(manager_new, oarlock_manager_new(a->manager_options, a->out_manager, a->out_error))
CALL(manager_named, oarlock_manager_named(a->name, a->out_manager, a->out_error))
CALL(manager_close, oarlock_manager_close(a->manager))
CALL(manager_check, oarlock_manager_check(a->manager))
CALL(manager_is_closed, oarlock_manager_is_closed(a->manager, a->out_flag))
CALL(manager_name, oarlock_manager_name(a->manager, a->out_name))
FREE(manager_free, oarlock_manager_free(a->manager))
CALL(owner_new, oarlock_owner_new(a->manager, a->out_owner, a->out_error))
ASK(owner_id, oarlock_owner_id(a->owner) != 0)
FREE(owner_free, oarlock_owner_free(a->owner))
CALL(acquire, oarlock_acquire(a->manager, a->claims, a->claim_count, a->options, a->timeout_ns,
                              a->out_lock, a->out_token, a->out_error))
CALL(try_acquire, oarlock_try_acquire(a->manager, a->claims, a->claim_count, a->options,
                                      a->out_lock, a->out_token, a->out_error))
CALL(would_grant, oarlock_would_grant(a->manager, a->claims, a->claim_count, a->options,
                                      a->out_flag, a->out_error))
CALL(enqueue, oarlock_enqueue(a->manager, a->claims, a->claim_count, a->options, a->out_lock,
                              a->out_state, a->out_token, a->out_error))
CALL(enqueue_callback,
     oarlock_enqueue_callback(a->manager, a->claims, a->claim_count, a->options, a->timeout_ns,
                              a->callback, a->drops, count_drop, a->out_lock, a->out_state,
                              a->out_token, a->out_error))
CALL(enqueue_queue,
     oarlock_enqueue_queue(a->manager, a->claims, a->claim_count, a->options, a->timeout_ns,
                           a->queue, NULL, a->out_lock, a->out_state, a->out_token, a->out_error))
CALL(wait, oarlock_wait(a->manager, a->lock, a->timeout_ns, a->out_token, a->out_error))
CALL(lock_state, oarlock_lock_state(a->manager, a->lock, a->out_state))
CALL(lock_token, oarlock_lock_token(a->manager, a->lock, a->out_token))
CALL(cancel, oarlock_cancel(a->manager, a->lock))
CALL(release, oarlock_release(a->manager, a->lock))
CALL(try_upgrade, oarlock_try_upgrade(a->manager, a->lock, a->out_token, a->out_error))
CALL(upgrade, oarlock_upgrade(a->manager, a->lock, a->timeout_ns, a->out_token, a->out_error))
CALL(upgrade_enqueue,
     oarlock_upgrade_enqueue(a->manager, a->lock, a->out_state, a->out_token, a->out_error))
CALL(upgrade_wait,
     oarlock_upgrade_wait(a->manager, a->lock, a->timeout_ns, a->out_token, a->out_error))
CALL(upgrade_callback,
     oarlock_upgrade_callback(a->manager, a->lock, a->timeout_ns, a->callback, a->drops,
                              count_drop, a->out_state, a->out_token, a->out_error))
CALL(upgrade_queue, oarlock_upgrade_queue(a->manager, a->lock, a->timeout_ns, a->queue, NULL,
                                          a->out_state, a->out_token, a->out_error))
CALL(upgrade_state, oarlock_upgrade_state(a->manager, a->lock, a->out_state, a->out_token))
CALL(upgrade_cancel, oarlock_upgrade_cancel(a->manager, a->lock))
CALL(downgrade, oarlock_downgrade(a->manager, a->lock))
CALL(release_part, oarlock_release_part(a->manager, a->lock, a->path, a->out_error))
CALL(queue_new, oarlock_queue_new(a->out_queue, a->out_error))
FREE(queue_free, oarlock_queue_free(a->queue))
CALL(queue_fd, oarlock_queue_fd(a->queue, a->out_fd))
CALL(queue_drain, oarlock_queue_drain(a->queue, a->completions, a->capacity, a->out_count))
CALL(queue_wait,
     oarlock_queue_wait(a->queue, a->timeout_ns, a->completions, a->capacity, a->out_count))
CALL(queue_post, oarlock_queue_post(a->queue, NULL))
CALL(inspect, oarlock_inspect(a->manager, a->path, a->out_snapshot, a->out_error))
CALL(inspect_lock, oarlock_inspect_lock(a->manager, a->lock, a->out_snapshot, a->out_error))
ASK(snapshot_count, oarlock_snapshot_count(a->snapshot) != 0)
CALL(snapshot_get, oarlock_snapshot_get(a->snapshot, a->index, a->info))
FREE(snapshot_free, oarlock_snapshot_free(a->snapshot))
CALL(blockers, oarlock_blockers(a->manager, a->lock, a->locks, a->capacity, a->out_count))
CALL(stats_get, oarlock_stats_get(a->manager, a->stats))
CALL(watch_new, oarlock_watch_new(a->manager, a->threshold_ns, a->watch_callback, a->drops,
                                  count_drop, a->out_watch, a->out_error))
FREE(watch_free, oarlock_watch_free(a->watch))
ASK(error_code, oarlock_error_code(a->error) != OARLOCK_OK)
ASK(error_message, oarlock_error_message(a->error)[0] != '\0')
ASK(error_parties, oarlock_error_parties(a->error, a->out_count) != NULL)
FREE(error_free, oarlock_error_free(a->error))
/* No argument of these can be wrong. */
ASK(now, (void *)(uintptr_t)a != NULL && oarlock_now() > 0)
ASK(until, oarlock_until(a->timeout_ns) == 0 && oarlock_until(INT64_MAX) > 0)
ASK(version, a != NULL && oarlock_version()[0] != '\0')
ASK(version_number, a != NULL && oarlock_version_number() == OARLOCK_VERSION_NUMBER)
ASK(status_name, a != NULL && oarlock_status_name(INT32_MIN)[0] != '\0')
ASK(status_message, a != NULL && oarlock_status_message(INT32_MAX)[0] != '\0')

/* What a request takes, and what of it may be NULL. */
#define REQUEST (P(MANAGER) | P(CLAIMS) | P(CLAIM_COUNT) | P(OPTIONS) | P(OUT_ERROR))
#define MAYBE (P(OPTIONS) | P(OUT_TOKEN) | P(OUT_ERROR))
#define ON_LOCK (P(MANAGER) | P(LOCK))
#define ROW(name, takes, maybe, good, closed) \
  { "oarlock_" #name, call_##name, takes, maybe, good, closed }
#define FREES(name, takes) {"oarlock_" #name, call_##name, takes, 0, 1, 1}
#define OK OARLOCK_OK
#define CLOSED OARLOCK_ERR_CLOSED

/* The name; what it takes; what of that may be NULL; the status with good arguments
 * (held is read, nobody waits); the same when the manager is closed. */
static const struct function functions[] = {
    ROW(acquire, REQUEST | P(TIMEOUT) | P(OUT_LOCK) | P(OUT_TOKEN), MAYBE, OK, CLOSED),
    ROW(blockers, ON_LOCK | P(LOCKS) | P(OUT_COUNT), 0, OK, OK),
    ROW(cancel, ON_LOCK, 0, OARLOCK_ERR_GRANTED, OARLOCK_ERR_GRANTED),
    ROW(downgrade, ON_LOCK, 0, OK, OK),
    ROW(enqueue, REQUEST | P(OUT_LOCK) | P(OUT_STATE) | P(OUT_TOKEN), MAYBE, OK, CLOSED),
    ROW(enqueue_callback,
        REQUEST | P(TIMEOUT) | P(CALLBACK) | P(DATA) | P(OUT_LOCK) | P(OUT_STATE) | P(OUT_TOKEN),
        MAYBE, OK, CLOSED),
    ROW(enqueue_queue,
        REQUEST | P(TIMEOUT) | P(QUEUE) | P(OUT_LOCK) | P(OUT_STATE) | P(OUT_TOKEN), MAYBE, OK,
        CLOSED),
    ROW(error_code, P(ERROR), 0, OK, OK),
    FREES(error_free, P(ERROR)),
    ROW(error_message, P(ERROR), 0, OK, OK),
    ROW(error_parties, P(ERROR) | P(OUT_COUNT), 0, OK, OK),
    ROW(inspect, P(MANAGER) | P(PATH) | P(OUT_SNAPSHOT) | P(OUT_ERROR), MAYBE, OK, OK),
    ROW(inspect_lock, ON_LOCK | P(OUT_SNAPSHOT) | P(OUT_ERROR), MAYBE, OK, OK),
    ROW(lock_state, ON_LOCK | P(OUT_STATE), 0, OK, OK),
    ROW(lock_token, ON_LOCK | P(OUT_TOKEN), 0, OK, OK),
    ROW(manager_check, P(MANAGER), 0, OK, OK),
    ROW(manager_close, P(MANAGER), 0, OK, OK),
    FREES(manager_free, P(MANAGER)),
    ROW(manager_is_closed, P(MANAGER) | P(OUT_FLAG), 0, OK, OK),
    ROW(manager_name, P(MANAGER) | P(OUT_NAME), 0, OK, OK),
    ROW(manager_named, P(NAME) | P(OUT_MANAGER) | P(OUT_ERROR), MAYBE, OK, OK),
    ROW(manager_new, P(MANAGER_OPTIONS) | P(OUT_MANAGER) | P(OUT_ERROR),
        MAYBE | P(MANAGER_OPTIONS), OK, OK),
    ROW(now, 0, 0, OK, OK),
    FREES(owner_free, P(OWNER)),
    ROW(owner_id, P(OWNER), 0, OK, OK),
    ROW(owner_new, P(MANAGER) | P(OUT_OWNER) | P(OUT_ERROR), MAYBE, OK, OK),
    ROW(queue_drain, P(QUEUE) | P(COMPLETIONS) | P(OUT_COUNT), 0, OK, OK),
    ROW(queue_fd, P(QUEUE) | P(OUT_FD), 0, OK, OK),
    FREES(queue_free, P(QUEUE)),
    ROW(queue_new, P(OUT_QUEUE) | P(OUT_ERROR), MAYBE, OK, OK),
    ROW(queue_post, P(QUEUE), 0, OK, OK),
    ROW(queue_wait, P(QUEUE) | P(TIMEOUT) | P(COMPLETIONS) | P(ROOM) | P(OUT_COUNT), 0, OK, OK),
    ROW(release, ON_LOCK, 0, OK, OK),
    ROW(release_part, ON_LOCK | P(PATH) | P(OUT_ERROR), MAYBE, OK, OK),
    ROW(snapshot_count, P(SNAPSHOT), 0, OK, OK),
    FREES(snapshot_free, P(SNAPSHOT)),
    ROW(snapshot_get, P(SNAPSHOT) | P(INDEX) | P(INFO), 0, OK, OK),
    ROW(stats_get, P(MANAGER) | P(STATS), 0, OK, OK),
    ROW(status_message, 0, 0, OK, OK),
    ROW(status_name, 0, 0, OK, OK),
    ROW(try_acquire, REQUEST | P(OUT_LOCK) | P(OUT_TOKEN), MAYBE, OK, CLOSED),
    ROW(try_upgrade, ON_LOCK | P(OUT_TOKEN) | P(OUT_ERROR), MAYBE, OK, CLOSED),
    ROW(until, 0, 0, OK, OK),
    ROW(upgrade, ON_LOCK | P(TIMEOUT) | P(OUT_TOKEN) | P(OUT_ERROR), MAYBE, OK, CLOSED),
    ROW(upgrade_callback,
        ON_LOCK | P(TIMEOUT) | P(CALLBACK) | P(DATA) | P(OUT_STATE) | P(OUT_TOKEN) | P(OUT_ERROR),
        MAYBE, OK, CLOSED),
    /* No upgrade waits that could be cancelled, or waited for. */
    ROW(upgrade_cancel, ON_LOCK, 0, OARLOCK_ERR_STALE, OARLOCK_ERR_STALE),
    ROW(upgrade_enqueue, ON_LOCK | P(OUT_STATE) | P(OUT_TOKEN) | P(OUT_ERROR), MAYBE, OK, CLOSED),
    ROW(upgrade_queue,
        ON_LOCK | P(TIMEOUT) | P(QUEUE) | P(OUT_STATE) | P(OUT_TOKEN) | P(OUT_ERROR), MAYBE, OK,
        CLOSED),
    ROW(upgrade_state, ON_LOCK | P(OUT_STATE) | P(OUT_TOKEN), MAYBE, OK, OK),
    ROW(upgrade_wait, ON_LOCK | P(TIMEOUT) | P(OUT_TOKEN) | P(OUT_ERROR), MAYBE,
        OARLOCK_ERR_CANCELLED, OARLOCK_ERR_CLOSED),
    ROW(version, 0, 0, OK, OK),
    ROW(version_number, 0, 0, OK, OK),
    ROW(wait, ON_LOCK | P(TIMEOUT) | P(OUT_TOKEN) | P(OUT_ERROR), MAYBE, OK, OK),
    FREES(watch_free, P(WATCH)),
    ROW(watch_new,
        P(MANAGER) | P(THRESHOLD) | P(WATCH_CALLBACK) | P(DATA) | P(OUT_WATCH) | P(OUT_ERROR),
        MAYBE, OK, OK),
    ROW(would_grant, REQUEST | P(OUT_FLAG), MAYBE, OK, CLOSED),
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void every_function_is_listed(void) {
  FILE *const file = fopen(symbols_path(), "r");
  char name[80];
  int listed[FUNCTIONS] = {0};
  if (file == NULL) {
    fprintf(stderr, "%s cannot be read\n", symbols_path());
    check_failures++;
    return;
  }
  while (fscanf(file, "%79s", name) == 1) {
    int known = 0;
    for (int i = 0; i < FUNCTIONS; i++) {
      if (strcmp(functions[i].name, name) != 0) continue;
      known = 1;
      listed[i]++;
    }
    if (known) continue;
    fprintf(stderr, "%s is not in the table of %s\n", name, __FILE__);
    check_failures++;
  }
  fclose(file);
  for (int i = 0; i < FUNCTIONS; i++) {
    if (listed[i] == 1) continue;
    fprintf(stderr, "%s is in the table, and not exported\n", functions[i].name);
    check_failures++;
  }
}

static void good_arguments_are_taken(void) {
  for (int i = 0; i < FUNCTIONS; i++) try_good(&functions[i], 0);
}

static void a_closed_manager_refuses_what_is_new(void) {
  for (int i = 0; i < FUNCTIONS; i++) try_good(&functions[i], 1);
}

static void null_pointers(void) {
  for (int i = 0; i < FUNCTIONS; i++) try_pointers(&functions[i], 0);
}

static void misaligned_pointers(void) {
  for (int i = 0; i < FUNCTIONS; i++) try_pointers(&functions[i], 1);
}

static void values_that_make_no_sense(void) {
  for (int i = 0; i < FUNCTIONS; i++) try_values(&functions[i]);
}

int main(void) {
  RUN(every_function_is_listed);
  RUN(good_arguments_are_taken);
  RUN(a_closed_manager_refuses_what_is_new);
  RUN(null_pointers);
  RUN(misaligned_pointers);
  RUN(values_that_make_no_sense);
  return check_failed_tests != 0;
}
