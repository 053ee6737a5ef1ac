#include <oarlock.h>
#include <stdio.h>

int main(void) {
  oarlock_manager *manager;
  oarlock_lock transfer, report;
  oarlock_claim both[] = {oarlock_write("accounts/1"), oarlock_write("accounts/2")};
  oarlock_claim all = oarlock_read("accounts");
  if (oarlock_manager_new(NULL, &manager, NULL)) return 1;
  if (oarlock_acquire(manager, both, 2, NULL, OARLOCK_FOREVER, &transfer, NULL, NULL)) return 1;
  oarlock_status status = oarlock_try_acquire(manager, &all, 1, NULL, &report, NULL, NULL);
  printf("%s\n", oarlock_status_name(status)); /* would-block */
  oarlock_release(manager, transfer);          /* both claims at once */
  if (oarlock_acquire(manager, &all, 1, NULL, 1000000000 /* ns */, &report, NULL, NULL)) return 1;
  puts("nobody writes anything below accounts now");
  oarlock_release(manager, report);
  oarlock_manager_free(manager);
}
