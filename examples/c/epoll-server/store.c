#define _POSIX_C_SOURCE 200809L /* strdup */
#include "store.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

/* By bytes, with '/' before all others: "a", "a/b", "a-b". */
static int compare(const char *a, const char *b) {
  for (; *a != '\0' && *a == *b; ++a, ++b) continue;
  const int left = *a == '/' ? 1 : (unsigned char)*a * 2;
  const int right = *b == '/' ? 1 : (unsigned char)*b * 2;
  return left - right;
}

bool path_below(const char *path, const char *folder) {
  const size_t length = strlen(folder);
  if (length == 0) return true;
  return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* The first document that is not before the path. */
static size_t find(const struct store *store, const char *path) {
  size_t low = 0, high = store->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (compare(store->documents[middle].path, path) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

struct range store_below(const struct store *store, const char *path) {
  struct range range = {find(store, path), 0};
  for (range.end = range.start; range.end < store->count; ++range.end)
    if (!path_below(store->documents[range.end].path, path)) break;
  return range;
}

const char *store_get(const struct store *store, const char *path) {
  const size_t at = find(store, path);
  if (at == store->count || strcmp(store->documents[at].path, path) != 0) return NULL;
  return store->documents[at].text;
}

/* Takes over both strings. */
static void insert(struct store *store, char *path, char *text) {
  const size_t at = find(store, path);
  if (at < store->count && strcmp(store->documents[at].path, path) == 0) {
    free(path);
    free(store->documents[at].text);
    store->documents[at].text = text;
    return;
  }
  if (store->count == store->room) {
    store->room = store->room == 0 ? 64 : 2 * store->room;
    store->documents = must(realloc(store->documents, store->room * sizeof *store->documents));
  }
  struct document *const place = store->documents + at;
  memmove(place + 1, place, (store->count - at) * sizeof *place);
  *place = (struct document){path, text};
  ++store->count;
}

void store_put(struct store *store, const char *path, const char *text) {
  insert(store, must(strdup(path)), must(strdup(text)));
}

/* Takes a range out and gives it to the caller, who frees the array. */
static struct document *take(struct store *store, struct range range) {
  const size_t count = range.end - range.start;
  struct document *const taken = must(malloc((count + 1) * sizeof *taken));
  if (count == 0) return taken;
  struct document *const place = store->documents + range.start;
  memcpy(taken, place, count * sizeof *taken);
  memmove(place, place + count, (store->count - range.end) * sizeof *place);
  store->count -= count;
  return taken;
}

size_t store_remove(struct store *store, const char *path) {
  const struct range range = store_below(store, path);
  const size_t count = range.end - range.start;
  struct document *const taken = take(store, range);
  for (size_t i = 0; i < count; ++i) {
    free(taken[i].path);
    free(taken[i].text);
  }
  free(taken);
  return count;
}

size_t store_move(struct store *store, const char *from, const char *to) {
  store_remove(store, to);
  const struct range range = store_below(store, from);
  const size_t count = range.end - range.start;
  struct document *const taken = take(store, range);
  for (size_t i = 0; i < count; ++i) {
    const char *const rest = taken[i].path + strlen(from); /* "" or "/..." */
    char *const path = must(malloc(strlen(to) + strlen(rest) + 1));
    strcpy(path, to);
    strcat(path, rest);
    free(taken[i].path);
    insert(store, path, taken[i].text);
  }
  free(taken);
  return count;
}

void store_clear(struct store *store) {
  store_remove(store, "");
  free(store->documents);
  *store = (struct store){NULL, 0, 0};
}
