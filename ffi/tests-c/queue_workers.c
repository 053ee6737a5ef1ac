/* Workers with a queue each, on one manager: random requests, timeouts, cancels and
 * upgrades. Writers exclude all others, each wait ends once, and the counts balance.
 * The seed is printed. */
#include "queued.h"

enum { WORKERS = 3, ROUNDS = 600, PATHS = 4, SLOTS = 4, MICRO = 1000 };

struct world {
  oarlock_manager *manager;
  pthread_mutex_t mutex; /* guards what follows */
  int readers[PATHS], writers[PATHS];
  uint64_t tokens[PATHS]; /* of the last writer */
};

/* A request of one worker. */
struct slot {
  enum { FREE, WAITS, HELD, UPGRADES } stage;
  oarlock_lock lock;
  oarlock_claim claims[2];
  int paths[2];
  size_t count;
};

struct worker {
  struct world *world;
  oarlock_queue *queue;
  uint64_t seed;
  struct slot slots[SLOTS];
  int wrong; /* read when the thread has ended */
  int ends[4]; /* granted, timed out, cancelled, refused */
};

static const char *const path_names[PATHS] = {"p0", "p0/below", "p1", "p2"};

/* Enters or leaves what a request claims; a wrong meeting is counted. */
static void meet(struct worker *worker, const struct slot *slot, int enters, uint64_t token) {
  struct world *const world = worker->world;
  pthread_mutex_lock(&world->mutex);
  for (size_t i = 0; i < slot->count; i++) {
    const int path = slot->paths[i];
    int *const side = slot->claims[i].mode == OARLOCK_WRITE ? world->writers : world->readers;
    side[path] += enters ? 1 : -1;
    if (enters && slot->claims[i].mode == OARLOCK_WRITE) {
      worker->wrong += token <= world->tokens[path];
      world->tokens[path] = token;
    }
  }
  for (int path = 0; enters && path < PATHS; path++) {
    worker->wrong += world->writers[path] > 1 || (world->writers[path] && world->readers[path]);
  }
  /* p0 covers what is below it. */
  worker->wrong += enters && world->writers[0] && world->writers[1];
  pthread_mutex_unlock(&world->mutex);
}

static void let_go(struct worker *worker, struct slot *slot) {
  meet(worker, slot, 0, 0);
  worker->wrong += oarlock_release(worker->world->manager, slot->lock) != OARLOCK_OK;
  slot->stage = FREE;
}

static int64_t some_timeout(struct worker *worker) {
  switch (check_draw(&worker->seed) % 4) {
    case 0: return OARLOCK_FOREVER;
    case 1: return CHECK_HOUR;
    case 2: return 0;
    default: return 1 + (int64_t)(check_draw(&worker->seed) % (200 * MICRO));
  }
}

static void request(struct worker *worker, struct slot *slot) {
  oarlock_state state = 0;
  uint64_t token = 0;
  const uint64_t drawn = check_draw(&worker->seed);
  slot->count = 1 + drawn % 2;
  slot->paths[0] = (int)(drawn / 2 % 3);
  slot->paths[1] = 3;
  for (size_t i = 0; i < slot->count; i++) {
    const char *const path = path_names[slot->paths[i]];
    slot->claims[i] = drawn >> (8 + i) & 1 ? oarlock_write(path) : oarlock_read(path);
  }
  const int64_t timeout = some_timeout(worker);
  const oarlock_status status =
      oarlock_enqueue_queue(worker->world->manager, slot->claims, slot->count, NULL, timeout,
                            worker->queue, slot, &slot->lock, &state, &token, NULL);
  if (status != OARLOCK_OK) {
    worker->wrong += timeout != 0 || status != OARLOCK_ERR_TIMEOUT;
    worker->ends[3]++;
    return;
  }
  slot->stage = state == OARLOCK_GRANTED ? HELD : WAITS;
  if (slot->stage == HELD) meet(worker, slot, 1, token);
}

/* A held request that writes nothing wants to write. */
static void upgrade(struct worker *worker, struct slot *slot) {
  oarlock_state state = 0;
  uint64_t token = 0;
  for (size_t i = 0; i < slot->count; i++) {
    if (slot->claims[i].mode == OARLOCK_WRITE) return;
  }
  const oarlock_status status =
      oarlock_upgrade_queue(worker->world->manager, slot->lock, some_timeout(worker),
                            worker->queue, slot, &state, &token, NULL);
  if (status != OARLOCK_OK) {
    worker->wrong += status != OARLOCK_ERR_TIMEOUT && status != OARLOCK_ERR_DEADLOCK;
    return;
  }
  /* From now on others see a reader, until it is known to write. */
  slot->stage = UPGRADES;
  if (state != OARLOCK_GRANTED) return;
  slot->stage = HELD;
  meet(worker, slot, 0, 0);
  for (size_t i = 0; i < slot->count; i++) slot->claims[i].mode = OARLOCK_WRITE;
  meet(worker, slot, 1, token);
}

static void fetched(struct worker *worker, const oarlock_completion *done) {
  struct slot *const slot = (struct slot *)done->user_data;
  const int upgrades = done->kind == OARLOCK_COMPLETION_UPGRADE;
  worker->wrong += slot->stage != (upgrades ? UPGRADES : WAITS);
  worker->wrong += (done->status == OARLOCK_OK || upgrades) != (done->lock == slot->lock);
  worker->wrong += (done->status == OARLOCK_OK) != (done->token != 0) || done->error != NULL;
  if (done->status == OARLOCK_OK) {
    if (upgrades) meet(worker, slot, 0, 0);
    for (size_t i = 0; upgrades && i < slot->count; i++) slot->claims[i].mode = OARLOCK_WRITE;
    meet(worker, slot, 1, done->token);
    worker->ends[0]++;
  } else {
    worker->wrong +=
        done->status != OARLOCK_ERR_TIMEOUT && done->status != OARLOCK_ERR_CANCELLED;
    worker->ends[done->status == OARLOCK_ERR_TIMEOUT ? 1 : 2]++;
  }
  slot->stage = done->status == OARLOCK_OK || upgrades ? HELD : FREE;
}

/* Does something with what it has; whether anything waits. */
static int step(struct worker *worker, struct slot *slot) {
  const oarlock_manager *const manager = worker->world->manager;
  const uint64_t drawn = check_draw(&worker->seed) % 4;
  if (slot->stage == FREE) request(worker, slot);
  if (slot->stage == HELD && drawn == 0) upgrade(worker, slot);
  if (slot->stage == HELD && drawn > 1) let_go(worker, slot);
  /* Too late is no mistake: the completion is on its way. */
  if (slot->stage == WAITS && drawn == 0) oarlock_cancel(manager, slot->lock);
  if (slot->stage == UPGRADES && drawn == 0) oarlock_upgrade_cancel(manager, slot->lock);
  return slot->stage == WAITS || slot->stage == UPGRADES;
}

/* Waits for all outcomes. What is held is let go first, so that nobody waits in a
 * cycle; a waiting upgrade holds on, and is taken back. */
static void settle(struct worker *worker) {
  for (;;) {
    oarlock_completion done;
    size_t count = 0;
    int waits = 0;
    for (int i = 0; i < SLOTS; i++) {
      struct slot *const slot = &worker->slots[i];
      if (slot->stage == HELD) let_go(worker, slot);
      if (slot->stage == UPGRADES) oarlock_upgrade_cancel(worker->world->manager, slot->lock);
      waits |= slot->stage != FREE;
    }
    if (!waits) return;
    worker->wrong +=
        oarlock_queue_wait(worker->queue, OARLOCK_FOREVER, &done, 1, &count) != OARLOCK_OK;
    fetched(worker, &done);
  }
}

static void *work(void *data) {
  struct worker *const worker = (struct worker *)data;
  for (int round = 0; round < ROUNDS; round++) {
    oarlock_completion done[3];
    size_t count = 0;
    step(worker, &worker->slots[check_draw(&worker->seed) % SLOTS]);
    worker->wrong += oarlock_queue_drain(worker->queue, done, 3, &count) != OARLOCK_OK;
    for (size_t i = 0; i < count; i++) fetched(worker, &done[i]);
    if (round % 16 == 15) settle(worker);
  }
  settle(worker);
  return NULL;
}

static void workers_keep_to_the_rules(void) {
  static struct world world;
  static struct worker workers[WORKERS];
  pthread_t threads[WORKERS];
  uint64_t seed = check_seed();
  int ends[4] = {0};
  world.manager = check_manager();
  assert(pthread_mutex_init(&world.mutex, NULL) == 0);
  for (int i = 0; i < WORKERS; i++) {
    workers[i].world = &world;
    workers[i].queue = queued_new();
    workers[i].seed = check_draw(&seed);
    assert(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
  }
  for (int i = 0; i < WORKERS; i++) {
    assert(pthread_join(threads[i], NULL) == 0);
    CHECK(workers[i].wrong == 0 && queued_none(workers[i].queue));
    oarlock_queue_free(workers[i].queue);
    for (int end = 0; end < 4; end++) ends[end] += workers[i].ends[end];
  }
  oarlock_stats stats = OARLOCK_STATS_INIT;
  CHECK_STATUS(OARLOCK_OK, oarlock_stats_get(world.manager, &stats));
  CHECK(stats.held == 0 && stats.waiting == 0 && stats.grants == stats.releases);
  CHECK(stats.waits == stats.grants - stats.immediate_grants + stats.cancels);
  CHECK(ends[0] > 0);
  printf("granted %d, timed out %d, cancelled %d, refused %d\n", ends[0], ends[1], ends[2],
         ends[3]);
  pthread_mutex_destroy(&world.mutex);
  check_done(world.manager);
}

int main(void) {
  RUN(workers_keep_to_the_rules);
  return check_failed_tests != 0;
}
