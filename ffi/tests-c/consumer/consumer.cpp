// A user's program in C++, built from what is installed: see ci/consumers.sh.
#include <iostream>
#include <oarlock.hpp>

int main() {
  const oarlock::manager manager;
  const auto guard = manager.acquire(oarlock::write("consumer"));
  if (manager.try_acquire(oarlock::read("consumer"))) return 1;
  std::cout << oarlock_version() << " from C++\n";
}
