/* What bad_input.c runs its table with: calls with good and with spoilt arguments, and
 * what must hold after one that failed. */
#ifndef BAD_INPUT_H
#define BAD_INPUT_H

#include "spoil.h"

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
    if (!all_are(cell, size, p == OUT_FD ? 0xff : 0)) {
      complain(function, argument, pointers[p].name);
    }
    if (!all_are(cell->bytes + size, sizeof *cell - size, GARBAGE)) {
      complain(function, argument, "something was written beside an output");
    }
  }
  const size_t after = sizeof(uint32_t);
  if (function->takes & P(INFO) &&
      !all_are((const char *)f->infos + after, sizeof *f->infos - after,
               spoilt == INFO ? GARBAGE : 0)) {
    complain(function, argument, "info");
  }
  if (function->takes & P(STATS) &&
      !all_are((const char *)f->stats + after, sizeof *f->stats - after,
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
    if (status != wanted) {
      complain(function, closed ? "closed" : "good", oarlock_status_name(status));
    }
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
