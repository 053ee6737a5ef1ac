/* A user's program in C, built from what is installed: see ci/consumers.sh. */
#include <oarlock.h>
#include <stdio.h>

#if OARLOCK_VERSION_NUMBER < 1000
#error "an oarlock.h from before 0.1.0"
#endif

int main(void) {
  oarlock_manager *manager = NULL;
  oarlock_status status = oarlock_manager_named(oarlock_str_of("consumer"), &manager, NULL);
  if (status == OARLOCK_OK) status = oarlock_manager_close(manager);
  oarlock_manager_free(manager);
  if (status != OARLOCK_OK) {
    puts(oarlock_status_message(status));
    return 1;
  }
  if (oarlock_version_number() != OARLOCK_VERSION_NUMBER) return 2;
  printf("%s from C\n", oarlock_version());
  return 0;
}
