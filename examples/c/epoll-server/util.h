/* What every file of the server uses. */
#ifndef UTIL_H
#define UTIL_H

#include <stddef.h>

/* Prints why, with the system's reason if `errno` is set, and ends the program. */
_Noreturn void die(const char *what);

/* What an allocation returned; without memory the program ends. */
void *must(void *memory);

/* Bytes that grow at the end and go at the front. All zero is the empty one. */
struct bytes {
  char *data;
  size_t size, room;
};

void bytes_add(struct bytes *bytes, const char *data, size_t size);
/* As printf. */
__attribute__((format(printf, 2, 3))) void bytes_print(struct bytes *bytes, const char *format,
                                                       ...);
void bytes_drop(struct bytes *bytes, size_t size);
void bytes_free(struct bytes *bytes);

#endif
