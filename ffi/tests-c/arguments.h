/* Arguments for every function of the library, and the good ones. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "check.h"

#include <stddef.h>

/* All that any function takes; each reads what is its. Frees take what is not const. */
struct arguments {
  oarlock_manager *manager;
  const oarlock_claim *claims;
  size_t claim_count;
  const oarlock_request_options *options;
  const oarlock_manager_options *manager_options;
  int64_t timeout_ns, threshold_ns;
  oarlock_callback callback;
  oarlock_watch_callback watch_callback;
  int *drops; /* the user data */
  oarlock_queue *queue;
  oarlock_owner *owner;
  oarlock_snapshot *snapshot;
  oarlock_watch *watch;
  oarlock_error *error;
  oarlock_lock lock;
  oarlock_path path;
  oarlock_str name;
  size_t index, capacity;
  oarlock_completion *completions;
  oarlock_lock *locks;
  oarlock_request_info *info;
  oarlock_stats *stats;
  oarlock_manager **out_manager;
  oarlock_owner **out_owner;
  oarlock_queue **out_queue;
  oarlock_snapshot **out_snapshot;
  oarlock_watch **out_watch;
  oarlock_lock *out_lock;
  oarlock_state *out_state;
  uint64_t *out_token;
  int32_t *out_flag;
  int *out_fd;
  size_t *out_count;
  oarlock_str *out_name;
  oarlock_error **out_error;
};

enum parameter {
  MANAGER, CLAIMS, CLAIM_COUNT, OPTIONS, MANAGER_OPTIONS, TIMEOUT, THRESHOLD, CALLBACK,
  WATCH_CALLBACK, DATA, QUEUE, OWNER, SNAPSHOT, WATCH, ERROR, LOCK, PATH, NAME, INDEX, ROOM,
  COMPLETIONS, LOCKS, INFO, STATS, OUT_MANAGER, OUT_OWNER, OUT_QUEUE, OUT_SNAPSHOT, OUT_WATCH,
  OUT_LOCK, OUT_STATE, OUT_TOKEN, OUT_FLAG, OUT_FD, OUT_COUNT, OUT_NAME, OUT_ERROR, PARAMETERS
};

#define P(parameter) (UINT64_C(1) << (parameter))

struct function {
  const char *name;
  oarlock_status (*call)(const struct arguments *);
  uint64_t takes, maybe; /* sets of parameters; `maybe` NULL */
  oarlock_status good, closed; /* 1: is not called with good arguments */
};

/* Where the pointers lie in the arguments, and how large an output is. */
struct pointer {
  const char *name;
  size_t offset, size;
};

#define POINTER(field) {#field, offsetof(struct arguments, field), 0}
#define OUTPUT(field) \
  { #field, offsetof(struct arguments, field), sizeof *((struct arguments *)0)->field }

static const struct pointer pointers[PARAMETERS] = {
    [MANAGER] = POINTER(manager),
    [CLAIMS] = POINTER(claims),
    [OPTIONS] = POINTER(options),
    [MANAGER_OPTIONS] = POINTER(manager_options),
    [QUEUE] = POINTER(queue),
    [OWNER] = POINTER(owner),
    [SNAPSHOT] = POINTER(snapshot),
    [WATCH] = POINTER(watch),
    [ERROR] = POINTER(error),
    [COMPLETIONS] = POINTER(completions),
    [LOCKS] = POINTER(locks),
    [INFO] = POINTER(info),
    [STATS] = POINTER(stats),
    [OUT_MANAGER] = OUTPUT(out_manager),
    [OUT_OWNER] = OUTPUT(out_owner),
    [OUT_QUEUE] = OUTPUT(out_queue),
    [OUT_SNAPSHOT] = OUTPUT(out_snapshot),
    [OUT_WATCH] = OUTPUT(out_watch),
    [OUT_LOCK] = OUTPUT(out_lock),
    [OUT_STATE] = OUTPUT(out_state),
    [OUT_TOKEN] = OUTPUT(out_token),
    [OUT_FLAG] = OUTPUT(out_flag),
    [OUT_FD] = OUTPUT(out_fd),
    [OUT_COUNT] = OUTPUT(out_count),
    [OUT_NAME] = OUTPUT(out_name),
    [OUT_ERROR] = OUTPUT(out_error),
};

/* A place for an output, with room for it to be misaligned. */
union cell {
  uint64_t aligned[4];
  unsigned char bytes[32];
};

enum { GARBAGE = 0x77 };

/* Everything that good arguments point to. */
struct fixture {
  struct arguments arguments;
  union cell cells[PARAMETERS];
  oarlock_claim claims[2];
  oarlock_request_options options;
  oarlock_manager_options manager_options;
  /* Two each: a misaligned pointer stays inside. */
  oarlock_completion completions[2];
  oarlock_lock locks[2];
  oarlock_request_info infos[2];
  oarlock_stats stats[2];
  int drops;
  oarlock_manager *other; /* and what is foreign to the first */
  oarlock_lock foreign, ended;
  oarlock_owner *foreigner;
};

static void never_called(void *data, oarlock_status status, oarlock_lock lock, uint64_t token,
                         const oarlock_error *error) {
  (void)data, (void)status, (void)lock, (void)token, (void)error;
  abort();
}

static void ignore_info(void *data, const oarlock_request_info *info) { (void)data, (void)info; }

static void count_drop(void *data) { ++*(int *)data; }

static void fresh_outputs(struct fixture *f) {
  const oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
  const oarlock_stats stats = OARLOCK_STATS_INIT;
  memset(f->cells, GARBAGE, sizeof f->cells);
  memset(f->infos, GARBAGE, sizeof f->infos);
  memset(f->stats, GARBAGE, sizeof f->stats);
  f->infos[0].struct_size = info.struct_size;
  f->stats[0].struct_size = stats.struct_size;
  f->drops = 0;
  for (int p = OUT_MANAGER; p <= OUT_ERROR; p++) {
    void *const cell = &f->cells[p];
    memcpy((char *)&f->arguments + pointers[p].offset, &cell, sizeof cell);
  }
}

static void set_up(struct fixture *f, const struct function *function) {
  const oarlock_manager_options manager_options = OARLOCK_MANAGER_OPTIONS_INIT;
  struct arguments *const a = &f->arguments;
  oarlock_lock lock = 0;
  memset(f, 0, sizeof *f);
  a->manager = check_manager();
  a->lock = check_hold(a->manager, oarlock_read("held"));
  f->ended = check_hold(a->manager, oarlock_read("ended"));
  oarlock_release(a->manager, f->ended);
  f->other = check_manager();
  f->foreign = check_hold(f->other, oarlock_read("held"));
  f->foreigner = check_owner(f->other);
  a->owner = check_owner(a->manager);
  f->claims[0] = oarlock_write("b");
  f->claims[1] = oarlock_write("c");
  a->claims = f->claims;
  a->claim_count = 2;
  f->options = check_options(a->owner, "label");
  a->options = &f->options;
  f->manager_options = manager_options;
  a->manager_options = &f->manager_options;
  a->callback = never_called;
  a->watch_callback = ignore_info;
  a->threshold_ns = CHECK_HOUR;
  a->drops = &f->drops;
  /* One completion lies in the queue. */
  assert(oarlock_queue_new(&a->queue, NULL) == OARLOCK_OK);
  assert(oarlock_queue_post(a->queue, f) == OARLOCK_OK);
  assert(oarlock_inspect_lock(a->manager, a->lock, &a->snapshot, NULL) == OARLOCK_OK);
  /* A thread: only where it is needed. */
  if (function->takes & P(WATCH)) {
    assert(oarlock_watch_new(a->manager, CHECK_HOUR, ignore_info, NULL, NULL, &a->watch, NULL) ==
           OARLOCK_OK);
  }
  /* An error with parties: a timeout that names a blocker. */
  const oarlock_claim blocked = oarlock_write("held");
  assert(oarlock_acquire(a->manager, &blocked, 1, NULL, 1, &lock, NULL, &a->error) ==
         OARLOCK_ERR_TIMEOUT);
  a->path = oarlock_path_of("held");
  a->name = oarlock_str_of("bad input");
  a->completions = f->completions;
  a->locks = f->locks;
  a->capacity = 1;
  a->info = f->infos;
  a->stats = f->stats;
  fresh_outputs(f);
}

static void take_down(struct fixture *f) {
  oarlock_watch_free(f->arguments.watch);
  oarlock_snapshot_free(f->arguments.snapshot);
  oarlock_error_free(f->arguments.error);
  oarlock_owner_free(f->arguments.owner);
  oarlock_owner_free(f->foreigner);
  oarlock_queue_free(f->arguments.queue);
  oarlock_manager_free(f->arguments.manager);
  oarlock_manager_free(f->other);
}

/* What a call that succeeded handed out. */
static void free_outputs(struct fixture *f, const struct function *function) {
  void *handed[PARAMETERS] = {NULL};
  for (int p = OUT_MANAGER; p <= OUT_WATCH; p++) {
    if (function->takes & P(p)) memcpy(&handed[p], &f->cells[p], sizeof handed[p]);
  }
  oarlock_manager_free((oarlock_manager *)handed[OUT_MANAGER]);
  oarlock_owner_free((oarlock_owner *)handed[OUT_OWNER]);
  oarlock_queue_free((oarlock_queue *)handed[OUT_QUEUE]);
  oarlock_snapshot_free((oarlock_snapshot *)handed[OUT_SNAPSHOT]);
  oarlock_watch_free((oarlock_watch *)handed[OUT_WATCH]);
}

#endif
