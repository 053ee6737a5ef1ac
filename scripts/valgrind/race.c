/* Two threads that count without a lock: helgrind and drd must say so, or they
 * see nothing in the other programs either. */
#include "check.h"

struct shared {
  oarlock_manager *manager;
  int locks;
  long count; /* guarded by a write lock on "count", if `locks` */
};

static void *add(void *data) {
  struct shared *const shared = (struct shared *)data;
  const oarlock_claim claim = oarlock_write("count");
  oarlock_lock lock = 0;
  for (int i = 0; i < 20; i++) {
    if (shared->locks) {
      assert(oarlock_acquire(shared->manager, &claim, 1, NULL, OARLOCK_FOREVER, &lock, NULL,
                             NULL) == OARLOCK_OK);
    }
    shared->count++;
    if (shared->locks) oarlock_release(shared->manager, lock);
    check_pause();
  }
  return NULL;
}

int main(int count, char **values) {
  struct shared shared = {check_manager(), count == 2 && strcmp(values[1], "locked") == 0, 0};
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) assert(pthread_create(&threads[i], NULL, add, &shared) == 0);
  for (int i = 0; i < 2; i++) assert(pthread_join(threads[i], NULL) == 0);
  check_done(shared.manager);
  return 0;
}
