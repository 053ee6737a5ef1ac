/* The ways in which each value of the arguments can be wrong. */
#ifndef SPOIL_H
#define SPOIL_H

#include "arguments.h"

/* The ways in which a value can be wrong, by number. 0 when there are no more. */
static oarlock_status spoil(struct fixture *f, int parameter, unsigned way) {
  static const int64_t timeouts[] = {-2, -1000, INT64_MIN};
  static const int64_t thresholds[] = {-1, INT64_MIN};
  static const oarlock_str list[] = {{"a", 1}, {NULL, 1}, {"b", SIZE_MAX}};
  static const struct {
    oarlock_path path;
    oarlock_status status;
  } paths[] = {
      {{{"a//b", 4}, NULL, 0, 0, 0}, OARLOCK_ERR_EMPTY_SEGMENT},
      {{{"/", 1}, NULL, 0, 0, 0}, OARLOCK_ERR_EMPTY_SEGMENT},
      {{{NULL, 1}, NULL, 0, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, SIZE_MAX}, NULL, 0, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{"a", SIZE_MAX}, NULL, 0, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, NULL, 1, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, NULL, SIZE_MAX, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{"a", 1}, list, 1, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 2, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 3, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list + 2, 1, 0, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 1025, 0, 0}, OARLOCK_ERR_TOO_MANY_SEGMENTS},
      {{{NULL, 0}, list, SIZE_MAX, 0, 0}, OARLOCK_ERR_TOO_MANY_SEGMENTS},
      {{{"a", 1}, NULL, 0, 2, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{"a", 1}, NULL, 0, INT32_MIN, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{"a", 1}, NULL, 0, 0, 1}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 1, -1, 0}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{NULL, 0}, list, 1, 1, UINT32_MAX}, OARLOCK_ERR_INVALID_ARGUMENT},
      {{{"a/", 2}, NULL, 0, 1, 0}, OARLOCK_ERR_EMPTY_SEGMENT},
      {{{NULL, 0}, list, 1025, 1, 0}, OARLOCK_ERR_TOO_MANY_SEGMENTS},
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

#endif
