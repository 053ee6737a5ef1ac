/* What bad_input.c runs its table with: good arguments, the ways to spoil each, and
 * what must hold after a call that failed. */
#ifndef BAD_INPUT_H
#define BAD_INPUT_H

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

static void complain(const struct function *function, const char *argument, const char *what) {
  check_failures++;
  fprintf(stderr, "%s, %s: %s\n", function->name, argument, what);
}

static int all_are(const void *begin, size_t size, int byte) {
  for (size_t i = 0; i < size; i++) {
    if (((const unsigned char *)begin)[i] != byte) return 0;
  }
  return 1;
}

/* After a failure: all outputs are blank, but for the one that was not given. */
static void outputs_are_blank(const struct fixture *f, const struct function *function,
                              const char *argument, int spoilt, oarlock_status status) {
  for (int p = OUT_MANAGER; p < OUT_ERROR; p++) {
    const union cell *const cell = &f->cells[p];
    const int given = (function->takes & P(p)) && p != spoilt;
    const size_t size = given ? pointers[p].size : 0;
    if (!all_are(cell, size, p == OUT_FD ? 0xff : 0)) complain(function, argument, pointers[p].name);
    if (!all_are(cell->bytes + size, sizeof *cell - size, GARBAGE)) {
      complain(function, argument, "something was written beside an output");
    }
  }
  const size_t after = sizeof(uint32_t);
  if (function->takes & P(INFO) && !all_are((const char *)f->infos + after, sizeof *f->infos - after,
                                            spoilt == INFO ? GARBAGE : 0)) {
    complain(function, argument, "info");
  }
  if (function->takes & P(STATS) && !all_are((const char *)f->stats + after, sizeof *f->stats - after,
                                             spoilt == STATS ? GARBAGE : 0)) {
    complain(function, argument, "stats");
  }
  if ((function->takes & P(OUT_ERROR)) == 0 || spoilt == OUT_ERROR) return;
  oarlock_error *error = NULL;
  memcpy(&error, &f->cells[OUT_ERROR], sizeof error);
  if (oarlock_error_code(error) != status) complain(function, argument, "the error's code");
  if (oarlock_error_message(error)[0] == '\0') complain(function, argument, "the error's message");
  oarlock_error_free(error);
}

/* After a failure: the manager, the lock and the queue are as they were. */
static void nothing_has_changed(const struct fixture *f, const struct function *function,
                                const char *argument, oarlock_manager *manager,
                                oarlock_queue *queue, oarlock_lock lock) {
  oarlock_stats stats = OARLOCK_STATS_INIT;
  int32_t closed = 9;
  oarlock_completion done[2];
  size_t count = 9;
  oarlock_stats_get(manager, &stats);
  oarlock_manager_is_closed(manager, &closed);
  oarlock_queue_drain(queue, done, 2, &count);
  if (stats.held != 1 || stats.waiting != 0) complain(function, argument, "a request is left");
  if (closed != 0) complain(function, argument, "it closed the manager");
  if (check_state(manager, lock) != OARLOCK_GRANTED) complain(function, argument, "the lock");
  if (count != 1 || done[0].user_data != (const void *)f) {
    complain(function, argument, "the queue has changed");
  }
  if ((f->drops != 0) != ((function->takes & P(DATA)) != 0) || f->drops > 1) {
    complain(function, argument, "the user data was not given back once");
  }
}

/* Calls it with what is wrong. `spoilt` is the parameter, if that is an output. */
static void try_bad(struct fixture *f, const struct function *function, const char *argument,
                    int spoilt, oarlock_status wanted, oarlock_manager *manager,
                    oarlock_queue *queue, oarlock_lock lock) {
  const oarlock_status status = function->call(&f->arguments);
  if (status != wanted) {
    complain(function, argument, oarlock_status_name(status));
    fprintf(stderr, "  wanted was %s\n", oarlock_status_name(wanted));
    if (status == OARLOCK_OK) return;
  }
  outputs_are_blank(f, function, argument, spoilt, status);
  nothing_has_changed(f, function, argument, manager, queue, lock);
}

/* Good arguments, also with all that may be NULL. */
static void try_good(const struct function *function, int closed) {
  if (function->good == 1) return;
  for (int bare = 0; bare < 2; bare++) {
    static struct fixture f;
    set_up(&f, function);
    if (closed) CHECK_STATUS(OARLOCK_OK, oarlock_manager_close(f.arguments.manager));
    for (int p = 0; bare && p < PARAMETERS; p++) {
      void *const null = NULL;
      if ((function->maybe & function->takes & P(p)) == 0) continue;
      memcpy((char *)&f.arguments + pointers[p].offset, &null, sizeof null);
    }
    const oarlock_status status = function->call(&f.arguments);
    const oarlock_status wanted = closed ? function->closed : function->good;
    if (status != wanted) complain(function, closed ? "closed" : "good", oarlock_status_name(status));
    if (f.drops != ((function->takes & P(DATA)) != 0) && function->takes & P(DATA)) {
      /* A watch drops its data when it ends. */
      if (f.drops != 0 || (function->takes & P(OUT_WATCH)) == 0) {
        complain(function, "good", "the user data was not given back once");
      }
    }
    oarlock_error *error = NULL;
    if (!bare && function->takes & P(OUT_ERROR)) memcpy(&error, &f.cells[OUT_ERROR], sizeof error);
    if (!bare && function->takes & P(OUT_ERROR)) {
      if (oarlock_error_code(error) != status) complain(function, "good", "the error's code");
    }
    oarlock_error_free(error);
    free_outputs(&f, function);
    take_down(&f);
  }
}

/* Each pointer NULL, or one byte off its place. */
static void try_pointers(const struct function *function, int misaligned) {
  for (int p = 0; p < PARAMETERS; p++) {
    static struct fixture f;
    if ((function->takes & P(p)) == 0 || pointers[p].name == NULL) continue;
    if (!misaligned && function->maybe & P(p)) continue;
    set_up(&f, function);
    const struct arguments good = f.arguments;
    char *pointer = NULL;
    char *const place = (char *)&f.arguments + pointers[p].offset;
    if (misaligned) memcpy(&pointer, place, sizeof pointer);
    if (misaligned) pointer++;
    memcpy(place, &pointer, sizeof pointer);
    const oarlock_status wanted = OARLOCK_ERR_INVALID_ARGUMENT;
    try_bad(&f, function, pointers[p].name, p, wanted, good.manager, good.queue, good.lock);
    f.arguments = good;
    take_down(&f);
  }
}

/* The ways in which a value can be wrong, by number. 0 when there are no more. */
static oarlock_status spoil(struct fixture *f, int parameter, unsigned way) {
  static const int64_t timeouts[] = {-2, -1000, INT64_MIN};
  static const int64_t thresholds[] = {-1, INT64_MIN};
  static const oarlock_str list[] = {{"a", 1}, {NULL, 1}, {"b", SIZE_MAX}};
  static const struct {
    oarlock_path path;
    oarlock_status status;
  } paths[] = {
      {{{"a//b", 4}, NULL, 0}, OARLOCK_ERR_EMPTY_SEGMENT},
      {{{"/", 1}, NULL, 0}, OARLOCK_ERR_EMPTY_SEGMENT},
      {{{NULL, 1}, NULL, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, SIZE_MAX}, NULL, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{"a", SIZE_MAX}, NULL, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, NULL, 1}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, NULL, SIZE_MAX}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{"a", 1}, list, 1}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 2}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 3}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list + 2, 1}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 1025}, OARLOCK_ERR_TOO_MANY_SEGMENTS},
      {{{NULL, 0}, list, SIZE_MAX}, OARLOCK_ERR_TOO_MANY_SEGMENTS},
  };
  static const struct {
    oarlock_str text;
    oarlock_status status;
  } texts[] = {{{NULL, 1}, OARLOCK_ERR_INVALID_ARGUMENT},
               {{NULL, SIZE_MAX}, OARLOCK_ERR_INVALID_ARGUMENT},
               {{"a", SIZE_MAX}, OARLOCK_ERR_INVALID_ARGUMENT},
               {{"\xff", 1}, OARLOCK_ERR_INVALID_NAME}};
  enum { TEXTS = sizeof texts / sizeof *texts };
  struct arguments *const a = &f->arguments;
  switch (parameter) {
    case TIMEOUT:
      if (way >= sizeof timeouts / sizeof *timeouts) return 0;
      a->timeout_ns = timeouts[way];
      return OARLOCK_ERR_INVALID_TIMEOUT;
    case THRESHOLD:
      if (way >= sizeof thresholds / sizeof *thresholds) return 0;
      a->threshold_ns = thresholds[way];
      return OARLOCK_ERR_INVALID_ARGUMENT;
    case CLAIM_COUNT:
      a->claim_count = way == 0 ? 0 : way == 1 ? 4097 : SIZE_MAX;
      return way == 0 ? OARLOCK_ERR_NO_CLAIMS : way < 3 ? OARLOCK_ERR_TOO_MANY_CLAIMS : 0;
    case CLAIMS:
      /* The last claim: what comes before it must not be left. */
      if (way >= 1 + sizeof paths / sizeof *paths) return 0;
      if (way == 0) f->claims[1].mode = 77;
      if (way == 0) return OARLOCK_ERR_INVALID_MODE;
      f->claims[1].path = paths[way - 1].path;
      return paths[way - 1].status;
    case PATH:
      if (way > sizeof paths / sizeof *paths) return 0;
      if (way == sizeof paths / sizeof *paths) {
        a->path = oarlock_path_list((const oarlock_str *)(const void *)((const char *)list + 1), 1);
        return OARLOCK_ERR_INVALID_ARGUMENT;
      }
      a->path = paths[way].path;
      return paths[way].status;
    case NAME:
      if (way >= TEXTS) return 0;
      a->name = texts[way].text;
      return texts[way].status;
    case OPTIONS:
      if (way < TEXTS) {
        f->options.label = texts[way].text;
        return texts[way].status;
      }
      switch (way - TEXTS) {
        case 0: f->options.struct_size = 0; return OARLOCK_ERR_INVALID_ARGUMENT;
        case 1: f->options.struct_size = UINT32_MAX; return OARLOCK_ERR_INVALID_ARGUMENT;
        case 2: f->options.reserved = 1; return OARLOCK_ERR_INVALID_ARGUMENT;
        case 3:
          f->options.owner =
              (const oarlock_owner *)(const void *)((const char *)f->options.owner + 1);
          return OARLOCK_ERR_INVALID_ARGUMENT;
        case 4: f->options.owner = f->foreigner; return OARLOCK_ERR_FOREIGN_OWNER;
        default: return 0;
      }
    case MANAGER_OPTIONS:
      f->manager_options.struct_size = way == 0 ? 0 : UINT32_MAX;
      if (way >= 2) f->manager_options.struct_size = sizeof f->manager_options;
      if (way == 2) f->manager_options.reserved = 1;
      if (way == 3) f->manager_options.reserved_end = UINT32_MAX;
      if (way == 4) f->manager_options.hold_times = 2;
      return way <= 4 ? OARLOCK_ERR_INVALID_ARGUMENT : 0;
    case CALLBACK: a->callback = NULL; return way == 0 ? OARLOCK_ERR_INVALID_ARGUMENT : 0;
    case WATCH_CALLBACK:
      a->watch_callback = NULL;
      return way == 0 ? OARLOCK_ERR_INVALID_ARGUMENT : 0;
    case INDEX:
      a->index = way == 0 ? 1 : SIZE_MAX;
      return way < 2 ? OARLOCK_ERR_INVALID_ARGUMENT : 0;
    case ROOM: a->capacity = 0; return way == 0 ? OARLOCK_ERR_INVALID_ARGUMENT : 0;
    case LOCK: {
      const oarlock_lock locks[] = {0, 1, UINT64_MAX, f->ended, f->foreign, a->lock + 1};
      enum { KNOWN = sizeof locks / sizeof *locks };
      if (way >= KNOWN + 64) return 0;
      a->lock = way < KNOWN ? locks[way] : a->lock ^ UINT64_C(1) << (way - KNOWN);
      return OARLOCK_ERR_STALE;
    }
    default: return 0;
  }
}

static void try_values(const struct function *function) {
  static struct fixture f, good;
  set_up(&f, function);
  good = f; /* its pointers are into f */
  for (int p = 0; p < PARAMETERS; p++) {
    for (unsigned way = 0; function->takes & P(p); way++) {
      char argument[64];
      const oarlock_status wanted = spoil(&f, p, way);
      snprintf(argument, sizeof argument, "parameter %d, way %u", p, way);
      if (wanted == 0) break;
      try_bad(&f, function, argument, -1, wanted, good.arguments.manager, good.arguments.queue,
              good.arguments.lock);
      f = good;
      /* What was looked for in the queue was taken out. */
      assert(oarlock_queue_post(f.arguments.queue, &f) == OARLOCK_OK);
    }
    f = good;
  }
  take_down(&f);
}

/* The list of what the library exports: beside this folder, unless told otherwise. */
static const char *symbols_path(void) {
#ifdef OARLOCK_SYMBOLS
  return OARLOCK_SYMBOLS;
#else
  static char path[4096];
  const char *const slash = strrchr(__FILE__, '/');
  const int length = slash ? (int)(slash - __FILE__) : 1;
  snprintf(path, sizeof path, "%.*s/../symbols.txt", length, slash ? __FILE__ : ".");
  return path;
#endif
}

#endif
