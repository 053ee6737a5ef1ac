// Plain data, guarded by oarlock::mutex. A tool that sees races must see none.
#include "check.h"

#include <mutex>
#include <oarlock.hpp>
#include <shared_mutex>
#include <thread>
#include <vector>

static void a_mutex_guards_plain_data() {
  constexpr int threads = 4, rounds = 300;
  const oarlock::manager manager;
  long value = 0, twice = 0;
  bool torn = false;
  const auto work = [&] {
    oarlock::mutex mutex(manager, "data");
    for (int i = 0; i < rounds; i++) {
      {
        const std::lock_guard<oarlock::mutex> lock(mutex);
        value++;
        twice += 2;
      }
      {
        const std::shared_lock<oarlock::mutex> lock(mutex);
        if (twice != 2 * value) std::abort();
      }
      {
        const std::unique_lock<oarlock::mutex> lock(mutex, std::chrono::hours(1));
        torn |= twice != 2 * value;
      }
    }
  };
  std::vector<std::thread> running;
  for (int i = 0; i < threads; i++) running.emplace_back(work);
  for (auto& thread : running) thread.join();
  CHECK(value == long{threads} * rounds && !torn);
}

int main() {
  RUN(a_mutex_guards_plain_data);
  return check_failed_tests != 0;
}
