/* Two readers of "a", of whom one is to write. */
#ifndef READERS_H
#define READERS_H

#include "check.h"

struct readers {
  oarlock_manager *manager;
  oarlock_lock one, two;
};

static inline struct readers readers(void) {
  struct readers readers = {check_manager(), 0, 0};
  readers.one = check_hold(readers.manager, oarlock_read("a"));
  readers.two = check_hold(readers.manager, oarlock_read("a"));
  return readers;
}

#endif
