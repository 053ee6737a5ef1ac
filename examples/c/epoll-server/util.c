#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *what) {
  if (errno == 0)
    fprintf(stderr, "docstore: %s\n", what);
  else
    fprintf(stderr, "docstore: %s: %s\n", what, strerror(errno));
  exit(1);
}

void *must(void *memory) {
  if (memory == NULL) die("out of memory");
  return memory;
}

static void reserve(struct bytes *bytes, size_t size) {
  const size_t needed = bytes->size + size;
  if (needed <= bytes->room) return;
  bytes->room = needed < 256 ? 256 : 2 * needed;
  bytes->data = must(realloc(bytes->data, bytes->room));
}

void bytes_add(struct bytes *bytes, const char *data, size_t size) {
  reserve(bytes, size);
  memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
}

void bytes_print(struct bytes *bytes, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const int size = vsnprintf(NULL, 0, format, arguments);
  va_end(arguments);
  if (size < 0) die("printf");
  reserve(bytes, (size_t)size + 1); /* vsnprintf ends it with a NUL */
  vsnprintf(bytes->data + bytes->size, (size_t)size + 1, format, again);
  va_end(again);
  bytes->size += (size_t)size;
}

void bytes_drop(struct bytes *bytes, size_t size) {
  bytes->size -= size;
  if (bytes->size > 0) memmove(bytes->data, bytes->data + size, bytes->size);
}

void bytes_free(struct bytes *bytes) {
  free(bytes->data);
  *bytes = (struct bytes){NULL, 0, 0};
}
