// Both headers, twice, beside a second file that includes them.
#include "oarlock.hpp"
#include "oarlock.h"
#include "oarlock.hpp"
#include "check.h"

oarlock::guard second_acquire(const oarlock::manager& manager);

static void two_files_share_the_header() {
  const oarlock::manager manager;
  const oarlock::guard guard = second_acquire(manager);
  CHECK(!manager.try_acquire(oarlock::read("second")));
}

int main() {
  RUN(two_files_share_the_header);
  return check_failed_tests != 0;
}
