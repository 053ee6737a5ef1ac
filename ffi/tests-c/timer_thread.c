/* The library's own thread for timeouts: it comes when needed and goes when idle, and
 * what runs on it may call back. */
#include "queued.h"
#include "told.h"

#ifdef __linux__
#include <dirent.h>

/* How many threads of the process have this name. */
static int threads_named(const char *name) {
  DIR *const tasks = opendir("/proc/self/task");
  int count = 0;
  assert(tasks != NULL);
  for (const struct dirent *task; (task = readdir(tasks)) != NULL;) {
    char path[300], comm[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
    FILE *const file = task->d_name[0] == '.' ? NULL : fopen(path, "r");
    if (file == NULL) continue; /* a folder's own entries, or it has ended */
    if (fgets(comm, sizeof comm, file) != NULL) comm[strcspn(comm, "\n")] = '\0';
    fclose(file);
    count += strcmp(comm, name) == 0;
  }
  closedir(tasks);
  return count;
}

static void it_is_there_only_while_it_is_needed(void) {
  oarlock_manager *const manager = check_manager();
  oarlock_queue *const queue = queued_new();
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  const oarlock_lock held = check_hold(manager, claim);
  /* None of these needs it. */
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               oarlock_acquire(manager, &claim, 1, NULL, CHECK_SOON, &lock, NULL, NULL));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_enqueue_queue(manager, &claim, 1, NULL, 0, queue, NULL,
                                                          &lock, &state, NULL, NULL));
  const oarlock_lock forever = queued_waits(manager, claim, OARLOCK_FOREVER, queue, NULL);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, oarlock_wait(manager, forever, CHECK_SOON, NULL, NULL));
  CHECK(threads_named("oarlock-timer") == 0);
  for (int round = 0; round < 2; round++) {
    const oarlock_lock late = queued_waits(manager, claim, CHECK_HOUR, queue, NULL);
    queued_waits(manager, claim, CHECK_SOON, queue, NULL);
    CHECK_STATUS(OARLOCK_ERR_TIMEOUT, queued_await(queue).status);
    CHECK(threads_named("oarlock-timer") == 1);
    CHECK_STATUS(OARLOCK_OK, oarlock_cancel(manager, late));
    CHECK_STATUS(OARLOCK_ERR_CANCELLED, queued_await(queue).status);
    /* Some seconds after the last one it goes, and comes again. */
    EVENTUALLY(threads_named("oarlock-timer") == 0);
  }
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, forever));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager, held));
  oarlock_queue_free(queue);
  check_done(manager);
}
#endif

/* Each timeout sets the next one, from the thread itself. */
struct relay {
  oarlock_manager *manager;
  pthread_mutex_t mutex; /* guards what follows */
  pthread_cond_t changed;
  int calls, drops, wrong;
};

enum { LEGS = 20 };

static void run_a_leg(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                      const oarlock_error *error);

static void drop_a_leg(void *data) {
  struct relay *const relay = (struct relay *)data;
  pthread_mutex_lock(&relay->mutex);
  relay->drops++;
  pthread_cond_broadcast(&relay->changed);
  pthread_mutex_unlock(&relay->mutex);
}

static oarlock_status begin_a_leg(struct relay *relay) {
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  return oarlock_enqueue_callback(relay->manager, &claim, 1, NULL, CHECK_SOON / 10, run_a_leg,
                                  relay, drop_a_leg, &lock, &state, NULL, NULL);
}

static void run_a_leg(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                      const oarlock_error *error) {
  struct relay *const relay = (struct relay *)data;
  const oarlock_claim elsewhere = oarlock_write("b");
  oarlock_lock other = 0;
  (void)error;
  pthread_mutex_lock(&relay->mutex);
  relay->wrong += status != OARLOCK_ERR_TIMEOUT || lock != 0 || token != 0;
  const int more = ++relay->calls < LEGS;
  pthread_mutex_unlock(&relay->mutex);
  int wrong = more && begin_a_leg(relay) != OARLOCK_OK;
  wrong += oarlock_acquire(relay->manager, &elsewhere, 1, NULL, OARLOCK_FOREVER, &other, NULL,
                           NULL) != OARLOCK_OK;
  wrong += oarlock_release(relay->manager, other) != OARLOCK_OK;
  pthread_mutex_lock(&relay->mutex);
  relay->wrong += wrong;
  pthread_mutex_unlock(&relay->mutex);
}

static void a_timeout_sets_the_next(void) {
  struct relay relay = {check_manager(), PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
                        0, 0, 0};
  const oarlock_lock held = check_hold(relay.manager, oarlock_write("a"));
  CHECK_STATUS(OARLOCK_OK, begin_a_leg(&relay));
  pthread_mutex_lock(&relay.mutex);
  while (relay.drops < LEGS) pthread_cond_wait(&relay.changed, &relay.mutex);
  pthread_mutex_unlock(&relay.mutex);
  CHECK(relay.calls == LEGS && relay.drops == LEGS && relay.wrong == 0);
  CHECK_STATUS(OARLOCK_OK, oarlock_release(relay.manager, held));
  check_done(relay.manager);
}

/* No call on the manager is running then: a callback may free it. */
struct owner_of_all {
  oarlock_manager *manager;
  oarlock_queue *queue;
  struct told last; /* a request that waits still */
  struct told here; /* this one */
};

static void free_all(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                     const oarlock_error *error) {
  struct owner_of_all *const all = (struct owner_of_all *)data;
  oarlock_queue_free(all->queue);
  oarlock_manager_free(all->manager);
  on_outcome(&all->here, status, lock, token, error);
}

static void drop_all(void *data) { on_drop(&((struct owner_of_all *)data)->here); }

static void a_timeout_frees_the_manager(void) {
  struct owner_of_all all = {check_manager(), queued_new(), TOLD_INIT(NULL), TOLD_INIT(NULL)};
  const oarlock_claim claim = oarlock_write("a");
  oarlock_lock lock = 0;
  oarlock_state state = 0;
  all.last.manager = all.manager;
  CHECK(check_hold(all.manager, claim) != 0);
  queued_waits(all.manager, claim, CHECK_HOUR, all.queue, NULL);
  CHECK_STATUS(OARLOCK_OK, told_enqueue(&all.last, claim, NULL, CHECK_HOUR, &lock, &state));
  CHECK_STATUS(OARLOCK_OK,
               oarlock_enqueue_callback(all.manager, &claim, 1, NULL, CHECK_SOON, free_all, &all,
                                        drop_all, &lock, &state, NULL, NULL));
  told_await(&all.here);
  told_await(&all.last);
  CHECK(told_times(&all.here, 1) && told_times(&all.last, 1));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, all.here.status);
  CHECK_STATUS(OARLOCK_ERR_CLOSED, all.last.status);
}

int main(void) {
#ifdef __linux__
  RUN(it_is_there_only_while_it_is_needed);
#endif
  RUN(a_timeout_sets_the_next);
  RUN(a_timeout_frees_the_manager);
  return check_failed_tests != 0;
}
