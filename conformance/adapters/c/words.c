#include "words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *allocate(size_t count, size_t size) {
  void *const memory = calloc(count + 1, size);
  if (memory == NULL) abort();
  return memory;
}

static int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The byte that two digits give, or -1. */
static int byte_of(const char *digits) {
  const int high = digit(digits[0]), low = high < 0 ? -1 : digit(digits[1]);
  return low < 0 ? -1 : high * 16 + low;
}

/* "s61/s/s6263", or "-" for none; "s61/e" is the entry of "s61". */
int read_path(char *word, oarlock_str *segments, oarlock_path *path) {
  *path = oarlock_path_list(segments, 0);
  if (strcmp(word, "-") == 0) return 1;
  for (;;) {
    if (strcmp(word, "e") == 0) {
      *path = oarlock_path_entry(*path);
      return 1;
    }
    if (*word++ != 's') return 0;
    char *out = word;
    oarlock_str *const segment = segments + path->segment_count++;
    segment->ptr = out;
    while (*word != '/' && *word != '\0') {
      const int byte = byte_of(word);
      if (byte < 0) return 0;
      *out++ = (char)byte;
      word += 2;
    }
    segment->len = (size_t)(out - segment->ptr);
    if (*word++ == '\0') return 1;
  }
}

/* "a.20b" is "a b", "." is the empty text. */
static int read_text(char *word, oarlock_str *text) {
  char *out = word;
  text->ptr = word;
  if (strcmp(word, ".") == 0) ++word;
  while (*word != '\0') {
    if (*word != '.') {
      *out++ = *word++;
      continue;
    }
    const int byte = byte_of(word + 1);
    if (byte < 0) return 0;
    *out++ = (char)byte;
    word += 3;
  }
  text->len = (size_t)(out - text->ptr);
  return 1;
}

void print_text(oarlock_str text) {
  if (text.len == 0) putchar('.');
  for (size_t i = 0; i < text.len; ++i) {
    const unsigned char byte = (unsigned char)text.ptr[i];
    const int plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                      (byte >= 'a' && byte <= 'z') || byte == '-' || byte == '_';
    if (plain) putchar(byte); else printf(".%02x", (unsigned)byte);
  }
}

/* Adds the claim "w:PATH", "r:PATH" or "r2:PATH". An unknown letter is a mode,
 * too, and so is a limit that makes no sense: for the library to refuse. */
static int read_claim(char *word, struct asked *asked) {
  char *after = word + 1;
  const int limited = *word != '\0' && *after != ':';
  const unsigned long limit = limited ? strtoul(after, &after, 10) : 0;
  if (*word == '\0' || *after != ':' || limit > UINT32_MAX) return 0;
  int32_t mode = *word;
  if (mode == 'w') mode = OARLOCK_WRITE;
  if (mode == 'r') mode = limited ? OARLOCK_READ_LIMITED : OARLOCK_READ;
  oarlock_path path;
  if (!read_path(after + 1, asked->segments + asked->segment_count, &path)) return 0;
  asked->segment_count += path.segment_count;
  oarlock_claim *const claim = asked->claims + asked->claim_count++;
  claim->mode = mode;
  claim->limit = (uint32_t)limit;
  claim->path = path;
  return 1;
}

int read_request(char *words, struct asked *asked) {
  const size_t most = strlen(words); /* of claims and of segments */
  memset(asked, 0, sizeof *asked);
  asked->claims = (oarlock_claim *)allocate(most, sizeof *asked->claims);
  asked->segments = (oarlock_str *)allocate(most, sizeof *asked->segments);
  for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
    if (strncmp(word, "owner=", 6) == 0) {
      asked->owner = word + 6;
    } else if (strncmp(word, "label=", 6) == 0) {
      if (!read_text(word + 6, &asked->label)) return 0;
    } else if (!read_claim(word, asked)) {
      return 0;
    }
  }
  return 1;
}

void free_request(struct asked *asked) {
  free(asked->claims);
  free(asked->segments);
}
