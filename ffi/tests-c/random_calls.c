/* Threads that make random calls with random arguments, also with locks of each
 * other and with numbers that are none. Locks that a thread keeps to itself guard
 * plain data all the while.
 *
 *   random_calls [SEED [CALLS]]
 *
 * Looked at: what is blank after a failure, who was told how often, the plain data,
 * and that nothing is left.
 */
#include "check.h"

#include <ctype.h>

enum { THREADS = 4, PATHS = 4, TABLE = 24 };

static unsigned long calls_each = 1500; /* set before the threads start */

/* What all threads share. */
static struct {
  oarlock_manager *manager, *other;
  oarlock_queue *queue;
  oarlock_owner *owners[3]; /* the last one is of `other` */
  uint64_t table[TABLE];    /* locks that anybody may use: atomic */
  long plain[PATHS];        /* each guarded by a write of its path */
  /* Atomic counts. */
  long expected_calls, calls, expected_drops, drops, expected_completions, completions;
} all;

static uint64_t get(const uint64_t *place) { return __atomic_load_n(place, __ATOMIC_SEQ_CST); }
static uint64_t swap(uint64_t *place, uint64_t value) {
  return __atomic_exchange_n(place, value, __ATOMIC_SEQ_CST);
}
static void count(long *place, long by) { __atomic_fetch_add(place, by, __ATOMIC_SEQ_CST); }
static long counted(const long *place) { return __atomic_load_n(place, __ATOMIC_SEQ_CST); }

static uint64_t below(uint64_t *seed, uint64_t end) { return check_draw(seed) % end; }

/* Puts a lock where anybody finds it; what lay there is ended. */
static void publish(uint64_t *seed, oarlock_lock lock) {
  const oarlock_lock before = swap(&all.table[below(seed, TABLE)], lock);
  if (before != 0) oarlock_release(all.manager, before);
}

static oarlock_lock any_lock(uint64_t *seed) {
  switch (below(seed, 10)) {
    case 0: return 0;
    case 1: return check_draw(seed);
    default: return get(&all.table[below(seed, TABLE)]);
  }
}

static const oarlock_manager *any_manager(uint64_t *seed) {
  switch (below(seed, 20)) {
    case 0: return NULL;
    case 1: return all.other;
    default: return all.manager;
  }
}

static int64_t any_timeout(uint64_t *seed, int may_last) {
  switch (below(seed, 8)) {
    case 0: return 0;
    case 1: return may_last ? OARLOCK_FOREVER : -2;
    case 2: return may_last ? INT64_MAX : INT64_MIN;
    default: return (int64_t)below(seed, 300000);
  }
}

/* Claims and all they point to. */
struct asked {
  oarlock_claim claims[4];
  oarlock_str segments[4][3];
  size_t count;
  oarlock_request_options options;
  const oarlock_request_options *given;
};

static const char *const names[] = {"x", "y", "x/a", "x/b", "y/a", "", "x/a/deep"};
enum { NAMES = sizeof names / sizeof *names };

static void ask(uint64_t *seed, struct asked *asked) {
  memset(asked, 0, sizeof *asked);
  asked->count = below(seed, 30) ? 1 + below(seed, 4) : 0;
  for (size_t i = 0; i < asked->count; i++) {
    oarlock_claim *const claim = &asked->claims[i];
    claim->mode = 1 + (int32_t)below(seed, 3);
    claim->limit = claim->mode == OARLOCK_READ_LIMITED ? 1 + (uint32_t)below(seed, 3) : 0;
    if (below(seed, 3) == 0) {
      claim->path.segments = asked->segments[i];
      claim->path.segment_count = below(seed, 4);
      for (size_t k = 0; k < 3; k++) {
        asked->segments[i][k] = oarlock_str_of(names[below(seed, 2)]);
      }
    } else {
      claim->path.text = oarlock_str_of(names[below(seed, NAMES)]);
    }
    switch (below(seed, 60)) {
      case 0: claim->mode = (int32_t)below(seed, 9); break;
      case 1: claim->limit = (uint32_t)below(seed, 3); break;
      case 2: claim->path.text.ptr = NULL; break;
      case 3: claim->path.text = oarlock_str_of("x//a"); break;
      case 4: claim->path.segment_count = 9; break;
      default: break;
    }
    if (claim->path.segments != NULL && claim->path.segment_count > 3) claim->path.segments = NULL;
  }
  asked->options = check_options(NULL, NULL);
  if (below(seed, 2)) asked->options.owner = all.owners[below(seed, 20) ? below(seed, 2) : 2];
  if (below(seed, 3) == 0) asked->options.label = oarlock_str_of("a label");
  if (below(seed, 60) == 0) asked->options.reserved = 1;
  if (below(seed, 60) == 0) asked->options.struct_size = (uint32_t)below(seed, 20);
  asked->given = below(seed, 3) ? &asked->options : NULL;
}

/* Looks at the outputs of a call, and frees the error. */
static void look(oarlock_status status, oarlock_lock lock, uint64_t token, oarlock_error *error) {
  assert(status <= OARLOCK_OK && status != OARLOCK_ERR_PANIC && status != OARLOCK_ERR_FORKED);
  assert(strcmp(oarlock_status_name(status), "unknown") != 0);
  if (status != OARLOCK_OK) assert(lock == 0 && token == 0);
  assert(error == NULL || oarlock_error_code(error) == status);
  assert(status != OARLOCK_OK || error == NULL);
  if (error != NULL) {
    size_t parties = 0;
    const oarlock_party *const party = oarlock_error_parties(error, &parties);
    assert((party == NULL) == (parties == 0));
    for (size_t i = 0; i < parties; i++) assert(party[i].lock != 0);
    assert(isprint((unsigned char)oarlock_error_message(error)[0]));
  }
  oarlock_error_free(error);
}

static void on_outcome(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                       const oarlock_error *error) {
  const size_t place = (size_t)((uint64_t *)data - all.table);
  assert((status == OARLOCK_OK) == (error == NULL) && (status == OARLOCK_OK) == (token != 0));
  count(&all.calls, 1);
  if (status != OARLOCK_OK || lock == 0) return;
  if (place % 2) {
    lock = swap(&all.table[place], lock);
  }
  if (lock != 0) oarlock_release(all.manager, lock);
}

/* Of an upgrade the lock is not the callback's. */
static void on_upgrade(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                       const oarlock_error *error) {
  (void)data;
  assert((status == OARLOCK_OK) == (error == NULL) && (status == OARLOCK_OK) == (token != 0));
  assert(lock != 0);
  count(&all.calls, 1);
}

static void on_drop(void *data) {
  (void)data;
  count(&all.drops, 1);
}

static void request(uint64_t *seed) {
  struct asked asked;
  oarlock_lock lock = 7;
  uint64_t token = 7;
  oarlock_state state = 7;
  int32_t would = 7;
  oarlock_error *error = NULL;
  uint64_t *const place = &all.table[below(seed, TABLE)];
  const oarlock_manager *const manager = any_manager(seed);
  const uint64_t way = below(seed, 6);
  oarlock_error **const out = below(seed, 2) ? &error : NULL;
  oarlock_status status;
  ask(seed, &asked);
  const oarlock_claim *const claims = below(seed, 50) ? asked.claims : NULL;
  switch (way) {
    case 0:
      status = oarlock_acquire(manager, claims, asked.count, asked.given, any_timeout(seed, 0),
                               &lock, &token, out);
      break;
    case 1:
      status = oarlock_try_acquire(manager, claims, asked.count, asked.given, &lock, &token, out);
      break;
    case 2:
      status = oarlock_would_grant(manager, claims, asked.count, asked.given, &would, out);
      assert(would == 0 || (would == 1 && status == OARLOCK_OK));
      look(status, 0, 0, error);
      return;
    case 3:
      status = oarlock_enqueue(manager, claims, asked.count, asked.given, &lock, &state, &token,
                               out);
      break;
    case 4: {
      const int with_drop = below(seed, 4) != 0;
      count(&all.expected_drops, with_drop);
      count(&all.expected_calls, 1); /* before it can be called */
      status = oarlock_enqueue_callback(manager, claims, asked.count, asked.given,
                                        any_timeout(seed, 1), on_outcome, place,
                                        with_drop ? on_drop : NULL, &lock, &state, &token, out);
      if (state != OARLOCK_WAITING) count(&all.expected_calls, -1);
      break;
    }
    default:
      status = oarlock_enqueue_queue(manager, claims, asked.count, asked.given,
                                     any_timeout(seed, 1), all.queue, place, &lock, &state,
                                     &token, out);
      if (state == OARLOCK_WAITING) count(&all.expected_completions, 1);
      break;
  }
  look(status, lock, token, error);
  if (status != OARLOCK_OK) {
    assert(way < 3 || state == 0);
    return;
  }
  if (way >= 3) assert((state == OARLOCK_GRANTED) == (token != 0));
  if (manager == all.other) {
    oarlock_release(all.other, lock);
  } else {
    publish(seed, lock); /* also while it waits for a callback or the queue */
  }
}

static void upgrade(uint64_t *seed) {
  const oarlock_manager *const manager = any_manager(seed);
  const oarlock_lock lock = any_lock(seed);
  uint64_t token = 7;
  oarlock_state state = 7;
  oarlock_error *error = NULL;
  oarlock_status status;
  switch (below(seed, 8)) {
    case 0: status = oarlock_try_upgrade(manager, lock, &token, &error); break;
    case 1: status = oarlock_upgrade(manager, lock, any_timeout(seed, 0), &token, &error); break;
    case 2: status = oarlock_upgrade_enqueue(manager, lock, &state, &token, &error); break;
    case 3:
      status = oarlock_upgrade_wait(manager, lock, any_timeout(seed, 0), &token, &error);
      break;
    case 4:
      count(&all.expected_drops, 1);
      count(&all.expected_calls, 1);
      status = oarlock_upgrade_callback(manager, lock, any_timeout(seed, 1), on_upgrade, NULL,
                                        on_drop, &state, &token, &error);
      if (state != OARLOCK_WAITING) count(&all.expected_calls, -1);
      break;
    case 5:
      status = oarlock_upgrade_queue(manager, lock, any_timeout(seed, 1), all.queue, NULL, &state,
                                     &token, &error);
      if (state == OARLOCK_WAITING) count(&all.expected_completions, 1);
      break;
    case 6: status = oarlock_upgrade_state(manager, lock, &state, &token); break;
    default:
      status = oarlock_upgrade_cancel(manager, lock);
      token = 0;
      break;
  }
  look(status, 0, token, error);
}

static void change(uint64_t *seed) {
  const oarlock_manager *const manager = any_manager(seed);
  const oarlock_lock lock = any_lock(seed);
  oarlock_error *error = NULL;
  oarlock_status status;
  switch (below(seed, 5)) {
    case 0: status = oarlock_downgrade(manager, lock); break;
    case 1: status = oarlock_cancel(manager, lock); break;
    case 2:
      status = oarlock_release_part(manager, lock, oarlock_path_of(names[below(seed, NAMES)]),
                                    &error);
      break;
    default: status = oarlock_release(manager, lock); break;
  }
  look(status, 0, 0, error);
}

static void ask_about(uint64_t *seed) {
  const oarlock_manager *const manager = any_manager(seed);
  const oarlock_lock lock = any_lock(seed);
  oarlock_snapshot *snapshot = NULL;
  oarlock_stats stats = OARLOCK_STATS_INIT;
  oarlock_lock blockers[3];
  oarlock_state state = 7;
  uint64_t token = 7;
  size_t found = 7;
  oarlock_error *error = NULL;
  oarlock_status status;
  switch (below(seed, 7)) {
    case 0:
      status = oarlock_inspect(manager, oarlock_path_of(names[below(seed, NAMES)]), &snapshot,
                               &error);
      break;
    case 1: status = oarlock_inspect_lock(manager, lock, &snapshot, &error); break;
    case 2: status = oarlock_blockers(manager, lock, blockers, below(seed, 4), &found); break;
    case 3: status = oarlock_stats_get(manager, &stats); break;
    case 4: status = oarlock_lock_state(manager, lock, &state); break;
    case 5: status = oarlock_wait(manager, lock, any_timeout(seed, 0), &token, &error); break;
    default: status = oarlock_lock_token(manager, lock, &token); break;
  }
  assert(status == OARLOCK_OK || (snapshot == NULL && (token == 7 || token == 0)));
  for (size_t i = 0; i < oarlock_snapshot_count(snapshot); i++) {
    oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
    assert(oarlock_snapshot_get(snapshot, i, &info) == OARLOCK_OK);
    assert(info.lock != 0 && info.claim_count > 0);
    assert((info.state == OARLOCK_GRANTED) == (info.token != 0));
  }
  oarlock_snapshot_free(snapshot);
  look(status, 0, 0, error);
}

/* Of what anybody may have. */
static void fetch(uint64_t *seed, int64_t timeout) {
  oarlock_completion completions[5];
  size_t fetched = 7;
  const size_t room = 1 + below(seed, 5);
  const oarlock_status status =
      timeout == 0 ? oarlock_queue_drain(all.queue, completions, room, &fetched)
                   : oarlock_queue_wait(all.queue, timeout, completions, room, &fetched);
  assert(fetched <= room && (status == OARLOCK_OK || fetched == 0));
  for (size_t i = 0; i < fetched; i++) {
    const oarlock_completion *const one = &completions[i];
    assert((one->token != 0) == (one->status == OARLOCK_OK && one->kind != OARLOCK_COMPLETION_POST));
    count(&all.completions, 1);
    oarlock_error_free(one->error);
    if (one->kind == OARLOCK_COMPLETION_ACQUIRE && one->status == OARLOCK_OK) {
      publish(seed, one->lock);
    }
  }
}

/* A lock that nobody else knows guards a number for as long as it lasts. */
static void guard(uint64_t *seed) {
  const size_t path = below(seed, PATHS);
  const char text[] = {'p', (char)('0' + path), '\0'};
  const int writes = below(seed, 2) != 0;
  const oarlock_claim claim = writes ? oarlock_write(text) : oarlock_read(text);
  oarlock_lock lock = 0;
  const oarlock_status status =
      oarlock_acquire(all.manager, &claim, 1, NULL, (int64_t)below(seed, 1000000), &lock, NULL,
                      NULL);
  if (status != OARLOCK_OK) return;
  const long before = all.plain[path];
  if (writes) all.plain[path] = before + 1;
  assert(all.plain[path] == before + writes);
  assert(oarlock_release(all.manager, lock) == OARLOCK_OK);
}

static void *call(void *data) {
  uint64_t seed = *(const uint64_t *)data;
  for (unsigned long i = 0; i < calls_each; i++) {
    switch (below(&seed, 12)) {
      case 0: case 1: case 2: case 3: request(&seed); break;
      case 4: case 5: upgrade(&seed); break;
      case 6: case 7: change(&seed); break;
      case 8: ask_about(&seed); break;
      case 9: fetch(&seed, below(&seed, 3) ? 0 : (int64_t)below(&seed, 100000)); break;
      case 10:
        if (below(&seed, 4) == 0) {
          assert(oarlock_queue_post(all.queue, NULL) == OARLOCK_OK);
          count(&all.expected_completions, 1);
        }
        break;
      default: guard(&seed); break;
    }
  }
  return NULL;
}

static uint64_t seed_of_all;

static void random_calls(void) {
  uint64_t seed = seed_of_all, seeds[THREADS];
  pthread_t threads[THREADS];
  memset(&all, 0, sizeof all);
  oarlock_manager_options options = OARLOCK_MANAGER_OPTIONS_INIT;
  options.max_waiting = 48;
  options.hold_times = 1;
  assert(oarlock_manager_new(&options, &all.manager, NULL) == OARLOCK_OK);
  all.other = check_manager();
  assert(oarlock_queue_new(&all.queue, NULL) == OARLOCK_OK);
  for (int i = 0; i < 3; i++) all.owners[i] = check_owner(i < 2 ? all.manager : all.other);
  for (int i = 0; i < THREADS; i++) {
    seeds[i] = check_draw(&seed);
    assert(pthread_create(&threads[i], NULL, call, &seeds[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) assert(pthread_join(threads[i], NULL) == 0);

  /* All that waits ends; what was granted meanwhile lies in the table or the queue. */
  CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(all.manager));
  EVENTUALLY(counted(&all.calls) == counted(&all.expected_calls));
  EVENTUALLY(counted(&all.drops) == counted(&all.expected_drops));
  for (long left; (left = counted(&all.expected_completions) - counted(&all.completions)) > 0;) {
    fetch(&seed, CHECK_HOUR);
  }
  fetch(&seed, 0);
  CHECK(counted(&all.completions) == counted(&all.expected_completions));
  for (int i = 0; i < TABLE; i++) {
    const oarlock_lock lock = swap(&all.table[i], 0);
    if (lock != 0) oarlock_release(all.manager, lock);
  }
  oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(all.manager, &stats));
  CHECK(stats.held == 0 && stats.waiting == 0 && stats.grants == stats.releases);
  for (int i = 0; i < 3; i++) oarlock_owner_free(all.owners[i]);
  oarlock_queue_free(all.queue);
  oarlock_manager_free(all.manager);
  check_done(all.other);
}

int main(int count_of, char **arguments) {
  seed_of_all = count_of > 1 ? strtoull(arguments[1], NULL, 0) : check_seed();
  if (count_of > 2) calls_each = strtoul(arguments[2], NULL, 0);
  RUN(random_calls);
  return check_failed_tests != 0;
}
