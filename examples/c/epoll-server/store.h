/* The documents: texts by path, in memory. Knows nothing of locks or clients. */
#ifndef STORE_H
#define STORE_H

#include <stdbool.h>
#include <stddef.h>

struct document {
  char *path, *text;
};

/* Sorted so that a path and all below it are one range. */
struct store {
  struct document *documents;
  size_t count, room;
};

/* A path's documents: from `start` up to, but not including, `end`. */
struct range {
  size_t start, end;
};

/* The empty path is the root. */
struct range store_below(const struct store *store, const char *path);
/* NULL if there is none at exactly this path. Valid until the store changes. */
const char *store_get(const struct store *store, const char *path);
void store_put(struct store *store, const char *path, const char *text);
/* Removes the path and all below it; returns how many documents that were. */
size_t store_remove(struct store *store, const char *path);
/* Moves a path and all below it, over what is there. Neither path may be above the
 * other. Returns how many documents were moved. */
size_t store_move(struct store *store, const char *from, const char *to);
void store_clear(struct store *store);

/* Whether the path lies at or below the folder. */
bool path_below(const char *path, const char *folder);

#endif
