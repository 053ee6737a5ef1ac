/* Paths beyond a manager's limits, in both forms. */
#ifndef BEYOND_H
#define BEYOND_H

#include "check.h"

struct beyond {
  oarlock_path path;
  oarlock_status status;
};

enum { BEYOND = 4 };

/* The limits on paths are the same in both forms. */
static inline void beyond_limits(struct beyond out[BEYOND]) {
  enum { DEEP = 1025, LONG = 65537 };
  static char deep[2 * DEEP - 1], longer[LONG];
  static oarlock_str list[DEEP], long_text = {longer, LONG};
  const oarlock_str deep_text = {deep, sizeof deep};
  for (size_t i = 0; i < sizeof deep; i++) deep[i] = i % 2 == 0 ? 'x' : '/';
  memset(longer, 'x', sizeof longer);
  for (int i = 0; i < DEEP; i++) list[i] = oarlock_str_of("x");
  const struct beyond paths[BEYOND] = {
      {{deep_text, NULL, 0, 0, 0}, OARLOCK_ERR_TOO_MANY_SEGMENTS},
      {{long_text, NULL, 0, 1, 0}, OARLOCK_ERR_PATH_TOO_LONG},
      {{{NULL, 0}, list, DEEP, 1, 0}, OARLOCK_ERR_TOO_MANY_SEGMENTS},
      {{{NULL, 0}, &long_text, 1, 0, 0}, OARLOCK_ERR_PATH_TOO_LONG}};
  memcpy(out, paths, sizeof paths);
}

#endif
