#include <chrono>
#include <iostream>
#include <oarlock.hpp>

int main() {
  oarlock::manager manager;
  auto transfer = manager.acquire({oarlock::write("accounts/1"), oarlock::write("accounts/2")});
  std::cout << "fencing token " << transfer.token() << '\n';
  if (manager.try_acquire(oarlock::read("accounts"))) return 1;  // would have to wait
  transfer.release();  // or when the guard goes
  auto report = manager.acquire_for(oarlock::read("accounts"), std::chrono::seconds(1));
  std::cout << "nobody writes anything below accounts now\n";
  oarlock::mutex cards(manager, "cards/7");  // for std::unique_lock, shared_lock, scoped_lock
  std::scoped_lock lock(cards);
}
