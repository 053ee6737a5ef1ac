// The second file that includes the headers: nothing in them is defined twice.
#include "oarlock.hpp"

oarlock::guard second_acquire(const oarlock::manager& manager);

oarlock::guard second_acquire(const oarlock::manager& manager) {
  return manager.acquire(oarlock::write("second"));
}
