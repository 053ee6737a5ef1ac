#define _GNU_SOURCE /* getdelim, getopt_long */
#include "files.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A folder with more files than this below it is not used as a whole, so that
 * one operation stays short however large the tree is. */
#define LARGEST_FOLDER 200

/* Sorted, so that what lies below a folder is one range of them. */
static char **files;
static size_t file_count;
_Atomic uint64_t *first, *second;

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("demo-c: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  exit(1);
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Nothing of what it allocates is freed: it is all in use to the end. */
void load_files(const char *list) {
  FILE *input = fopen(list, "rb");
  if (input == NULL) die("%s cannot be opened", list);
  char *name = NULL;
  size_t room = 0, most = 0;
  while (getdelim(&name, &room, '\0', input) > 0) {
    if (file_count == most) {
      most = most == 0 ? 1024 : 2 * most;
      files = realloc(files, most * sizeof *files);
      if (files == NULL) die("out of memory");
    }
    files[file_count++] = name;
    name = NULL;
    room = 0;
  }
  if (ferror(input)) die("%s cannot be read", list);
  free(name);
  fclose(input);
  if (file_count == 0) die("the list holds no files");
  qsort(files, file_count, sizeof *files, by_name);
  first = calloc(file_count, sizeof *first);
  second = calloc(file_count, sizeof *second);
  if (first == NULL || second == NULL) die("out of memory");
}

size_t below(uint64_t *random, size_t end) {
  *random ^= *random << 13; /* Marsaglia's xorshift; the state is never 0 */
  *random ^= *random >> 7;
  *random ^= *random << 17;
  return *random % end;
}

/* The first file that compares with the prefix as `least` (0 or 1) or more. */
static size_t bisect(oarlock_str prefix, int least) {
  size_t low = 0, high = file_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (strncmp(files[middle], prefix.ptr, prefix.len) < least)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

struct place pick(uint64_t *random, size_t up) {
  size_t at = below(random, file_count);
  struct place place = {{files[at], strlen(files[at])}, at, at + 1};
  for (; up > 0; --up) {
    oarlock_str folder = place.path; /* its path, and the '/' behind it */
    while (folder.len > 0 && folder.ptr[folder.len - 1] != '/') --folder.len;
    if (folder.len == 0) break;
    size_t start = bisect(folder, 0), end = bisect(folder, 1);
    if (end - start > LARGEST_FOLDER) break;
    place = (struct place){{folder.ptr, folder.len - 1}, start, end};
  }
  return place;
}

static double number(const char *text, double least, double most) {
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= least && value <= most))
    die("%s is no number from %g to %g", text, least, most);
  return value;
}

struct options read_options(int argc, char **argv) {
  static const struct option flags[] = {
      {"files", required_argument, NULL, 'f'},   {"seconds", required_argument, NULL, 's'},
      {"workers", required_argument, NULL, 'w'}, {"no-locks", no_argument, NULL, 'n'},
      {"progress", no_argument, NULL, 'p'},      {NULL, 0, NULL, 0},
  };
  struct options options = {NULL, 2, 8, true, false};
  int flag;
  while ((flag = getopt_long(argc, argv, "", flags, NULL)) != -1) {
    switch (flag) {
      case 'f': options.files = optarg; break;
      case 's': options.seconds = number(optarg, 0, 3600); break;
      case 'w': options.workers = (size_t)number(optarg, 1, MOST_WORKERS); break;
      case 'n': options.locks = false; break;
      case 'p': options.progress = true; break;
      default: exit(1); /* getopt_long has said why */
    }
  }
  if (options.files == NULL || optind < argc)
    die("usage: --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]");
  return options;
}
