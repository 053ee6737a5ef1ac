/* Watches: told of what is held, or has waited, for long; ended from anywhere. */
#include "check.h"

enum { MOST = 16 };

struct seen {
  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t changed;
  int calls, drops;
  oarlock_lock locks[MOST]; /* the first calls */
  oarlock_state states[MOST];
  char label[16];
  oarlock_watch *watch; /* to be freed inside the callback, if there is one */
  int freed;
};

#define SEEN_INIT \
  { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, {0}, {0}, "", NULL, 0 }

static void on_long(void *data, const oarlock_request_info *info) {
  struct seen *const seen = (struct seen *)data;
  pthread_mutex_lock(&seen->mutex);
  if (seen->calls < MOST) {
    seen->locks[seen->calls] = info->lock;
    seen->states[seen->calls] = info->state;
  }
  snprintf(seen->label, sizeof seen->label, "%.*s", (int)info->label.len,
           info->label.len ? info->label.ptr : "");
  seen->calls++;
  pthread_cond_broadcast(&seen->changed);
  oarlock_watch *const watch = seen->watch;
  seen->watch = NULL;
  pthread_mutex_unlock(&seen->mutex);
  if (watch != NULL) {
    oarlock_watch_free(watch);
    pthread_mutex_lock(&seen->mutex);
    seen->freed = 1;
    pthread_mutex_unlock(&seen->mutex);
  }
}

static void on_end(void *data) {
  struct seen *const seen = (struct seen *)data;
  pthread_mutex_lock(&seen->mutex);
  seen->drops++;
  pthread_cond_broadcast(&seen->changed);
  pthread_mutex_unlock(&seen->mutex);
}

static void await(struct seen *seen, int calls, int drops) {
  pthread_mutex_lock(&seen->mutex);
  while (seen->calls < calls || seen->drops < drops) {
    pthread_cond_wait(&seen->changed, &seen->mutex);
  }
  pthread_mutex_unlock(&seen->mutex);
}

static oarlock_watch *begin(const oarlock_manager *manager, int64_t threshold_ns,
                            struct seen *seen) {
  oarlock_watch *watch = NULL;
  const oarlock_status status =
      oarlock_watch_new(manager, threshold_ns, on_long, seen, on_end, &watch, NULL);
  assert(status == OARLOCK_OK && watch != NULL);
  return watch;
}

/* Once for the wait and once for the hold of each, however often it looks. */
static void each_request_is_told_once_for_each_state(void) {
  oarlock_manager *const manager = check_manager();
  const oarlock_request_options options = check_options(NULL, "slow");
  struct seen seen = SEEN_INIT;
  oarlock_watch *const watch = begin(manager, CHECK_SOON, &seen);
  const oarlock_lock first = check_hold_as(manager, oarlock_write("a"), &options);
  await(&seen, 1, 0);
  const oarlock_lock second = check_queue_as(manager, oarlock_write("a"), &options);
  await(&seen, 2, 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, first));
  await(&seen, 3, 0);
  /* A newcomer is told of, and by then the others would have been again. */
  const oarlock_lock third = check_hold_as(manager, oarlock_write("b"), &options);
  await(&seen, 4, 0);
  oarlock_watch_free(watch);
  CHECK(seen.calls == 4 && seen.drops == 1);
  CHECK(seen.locks[0] == first && seen.states[0] == OARLOCK_GRANTED);
  CHECK(seen.locks[1] == second && seen.states[1] == OARLOCK_WAITING);
  CHECK(seen.locks[2] == second && seen.states[2] == OARLOCK_GRANTED);
  CHECK(seen.locks[3] == third && seen.states[3] == OARLOCK_GRANTED);
  CHECK(strcmp(seen.label, "slow") == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, second));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, third));
  check_done(manager);
}

static void what_is_short_is_not_told(void) {
  oarlock_manager *const manager = check_manager();
  const int64_t thresholds[] = {CHECK_HOUR, INT64_MAX};
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  for (int i = 0; i < 2; i++) {
    struct seen seen = SEEN_INIT;
    oarlock_watch_free(begin(manager, thresholds[i], &seen)); /* at once, without a look */
    CHECK(seen.calls == 0 && seen.drops == 1);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

static void a_threshold_of_0_tells_of_everything(void) {
  oarlock_manager *const manager = check_manager();
  struct seen seen = SEEN_INIT;
  oarlock_watch *const watch = begin(manager, 0, &seen);
  const oarlock_lock held = check_hold(manager, oarlock_write("a"));
  await(&seen, 1, 0);
  oarlock_watch_free(watch);
  CHECK(seen.calls == 1 && seen.locks[0] == held && seen.drops == 1);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  check_done(manager);
}

/* Inside its own callback a watch may be freed: that call is its last, though there
 * is more to tell of. */
static void a_watch_is_freed_inside_its_callback(void) {
  enum { HELD = 8 };
  oarlock_manager *const manager = check_manager();
  struct seen seen = SEEN_INIT;
  oarlock_lock held[HELD];
  for (int i = 0; i < HELD; i++) held[i] = check_hold(manager, oarlock_read("a"));
  pthread_mutex_lock(&seen.mutex); /* so that the callback finds the watch */
  CHECK_STATUS(OARLOCK_OK,
               oarlock_watch_new(manager, 0, on_long, &seen, on_end, &seen.watch, NULL));
  pthread_mutex_unlock(&seen.mutex);
  await(&seen, 1, 1);
  CHECK(seen.calls == 1 && seen.drops == 1 && seen.freed == 1);
  for (int i = 0; i < HELD; i++) CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held[i]));
  check_done(manager);
}

static void a_refused_watch_gives_its_data_back(void) {
  oarlock_manager *const manager = check_manager();
  struct seen seen = SEEN_INIT;
  oarlock_watch *watch = (oarlock_watch *)&watch;
  oarlock_error *error = NULL;
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_watch_new(manager, 0, NULL, &seen, on_end, &watch, &error));
  CHECK(watch == NULL && error != NULL && seen.drops == 1);
  oarlock_error_free(error);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_watch_new(manager, -1, on_long, &seen, on_end, &watch, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_watch_new(manager, INT64_MIN, on_long, &seen, on_end, &watch, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_watch_new(NULL, 0, on_long, &seen, on_end, &watch, NULL));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               oarlock_watch_new(manager, 0, on_long, &seen, on_end, NULL, NULL));
  CHECK(seen.drops == 5 && seen.calls == 0);
  check_done(manager);
}

/* Nothing is kept alive by a watch; it does nothing then, and drops its data. */
static void a_watch_may_outlive_its_manager(void) {
  oarlock_manager *const manager = check_manager();
  struct seen seen = SEEN_INIT;
  oarlock_watch *const watch = begin(manager, CHECK_SOON, &seen);
  oarlock_manager_free(manager);
  oarlock_watch_free(watch);
  CHECK(seen.calls == 0 && seen.drops == 1);
  oarlock_watch_free(NULL);
}

static void no_data_and_no_drop(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_watch *watch = NULL;
  CHECK_STATUS(OARLOCK_OK,
               oarlock_watch_new(manager, CHECK_HOUR, on_long, NULL, NULL, &watch, NULL));
  oarlock_watch_free(watch);
  check_done(manager);
}

/* The callback may do everything, on its own thread: here it ends what is held too long. */
struct impatient {
  oarlock_manager *manager;
  pthread_mutex_t mutex; /* guards released */
  pthread_cond_t changed;
  int released;
};

static void release_it(void *data, const oarlock_request_info *info) {
  struct impatient *const impatient = (struct impatient *)data;
  if (info->state != OARLOCK_GRANTED) return;
  const oarlock_status status = oarlock_release(impatient->manager, info->lock);
  pthread_mutex_lock(&impatient->mutex);
  impatient->released += status == OARLOCK_OK;
  pthread_cond_broadcast(&impatient->changed);
  pthread_mutex_unlock(&impatient->mutex);
}

static void a_callback_may_call_back(void) {
  struct impatient impatient = {check_manager(), PTHREAD_MUTEX_INITIALIZER,
                                PTHREAD_COND_INITIALIZER, 0};
  oarlock_watch *watch = NULL;
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  CHECK_STATUS(OARLOCK_OK, oarlock_watch_new(impatient.manager, CHECK_SOON, release_it, &impatient,
                                             NULL, &watch, NULL));
  CHECK(check_hold(impatient.manager, claim) != 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_acquire(impatient.manager, &claim, 1, NULL, OARLOCK_FOREVER,
                                           &lock, NULL, NULL));
  pthread_mutex_lock(&impatient.mutex);
  while (impatient.released < 2) pthread_cond_wait(&impatient.changed, &impatient.mutex);
  pthread_mutex_unlock(&impatient.mutex);
  oarlock_watch_free(watch);
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(impatient.manager, lock));
  check_done(impatient.manager);
}

int main(void) {
  RUN(each_request_is_told_once_for_each_state);
  RUN(what_is_short_is_not_told);
  RUN(a_threshold_of_0_tells_of_everything);
  RUN(a_watch_is_freed_inside_its_callback);
  RUN(a_refused_watch_gives_its_data_back);
  RUN(a_watch_may_outlive_its_manager);
  RUN(no_data_and_no_drop);
  RUN(a_callback_may_call_back);
  return check_failed_tests != 0;
}
