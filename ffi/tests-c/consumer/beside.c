/* A program with two static libraries written in Rust: see ci/consumers.sh. */
#include <oarlock.h>

extern int32_t second_works(void);

int main(void) {
  oarlock_manager *manager = NULL;
  if (oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) return 1;
  if (!second_works()) return 2;
  if (oarlock_manager_close(manager) != OARLOCK_OK) return 3;
  oarlock_manager_free(manager);
  return 0;
}
