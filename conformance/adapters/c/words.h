/* The words of the line protocol: names, paths and claims. */
#ifndef WORDS_H
#define WORDS_H

#include <oarlock.h>

/* What a request asks for. All bytes are decoded in place, in the line. */
struct asked {
  oarlock_claim *claims;
  oarlock_str *segments;
  size_t claim_count, segment_count;
  const char *owner; /* its name, or NULL */
  oarlock_str label;
};

/* Never NULL, and zeroed. */
void *allocate(size_t count, size_t size);

/* Reads the words after a request's name. False if they are no request; `asked`
 * is to be freed in any case. */
int read_request(char *words, struct asked *asked);
void free_request(struct asked *asked);

/* Reads a path, with `segments` for its segments, which has room for as many as `word`
 * has bytes. */
int read_path(char *word, oarlock_str *segments, oarlock_path *path);

/* Prints a text as one word. */
void print_text(oarlock_str text);

#endif
