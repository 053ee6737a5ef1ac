/* A user's program in C, built from what is installed: see ci/consumers.sh. */
#include <oarlock.h>
#include <stdio.h>

#if OARLOCK_VERSION_NUMBER < 1000
#error "an oarlock.h from before 0.1.0"
#endif

int main(void) {
  oarlock_manager *manager = NULL;
  if (oarlock_manager_new(NULL, &manager, NULL) != OARLOCK_OK) return 1;
  const oarlock_claim claims[] = {oarlock_write("consumer/1"), oarlock_read("rates")};
  oarlock_lock lock = 0;
  oarlock_status status = oarlock_acquire(manager, claims, 2, NULL, OARLOCK_FOREVER, &lock, NULL, NULL);
  if (status == OARLOCK_OK) status = oarlock_release(manager, lock);
  oarlock_manager_free(manager);
  if (status != OARLOCK_OK) {
    puts(oarlock_status_message(status));
    return 1;
  }
  if (oarlock_version_number() != OARLOCK_VERSION_NUMBER) return 2;
  printf("%s from C\n", oarlock_version());
  return 0;
}
