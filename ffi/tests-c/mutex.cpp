// oarlock::mutex with the standard library's locks.
#include "child.h"
#include "thrown.hpp"

#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static void unique_lock() {
  const oarlock::manager manager;
  oarlock::mutex one(manager, "a/b");
  oarlock::mutex same(manager, {"a", "b"});
  oarlock::mutex other(manager, std::vector<std::string>{"a", "c"});
  {
    const std::unique_lock<oarlock::mutex> lock(one);
    CHECK(one.token() != 0);
    CHECK(!std::unique_lock<oarlock::mutex>(same, std::try_to_lock));
    CHECK(!std::unique_lock<oarlock::mutex>(same, 1ms));
    CHECK(!std::unique_lock<oarlock::mutex>(same, std::chrono::steady_clock::now() + 1ms));
    CHECK(!std::shared_lock<oarlock::mutex>(same, std::try_to_lock));
    CHECK(std::unique_lock<oarlock::mutex>(other, std::try_to_lock).owns_lock());
    CHECK(!manager.try_acquire(oarlock::read("a")));
  }
  CHECK(one.token() == 0);
  std::unique_lock<oarlock::mutex> deferred(same, std::defer_lock);
  CHECK(deferred.try_lock_for(-1s) && deferred.owns_lock());
  deferred.unlock();
  CHECK(deferred.try_lock_until(std::chrono::system_clock::now() + 1h));
}

static void shared_lock() {
  const oarlock::manager manager;
  oarlock::mutex mutex(manager, "a");
  std::shared_lock<oarlock::mutex> one(mutex);
  std::shared_lock<oarlock::mutex> two(mutex, std::try_to_lock);
  std::shared_lock<oarlock::mutex> three(mutex, 1h);
  std::shared_lock<oarlock::mutex> four(mutex, std::chrono::steady_clock::now() + 1h);
  CHECK(one && two && three && four);
  CHECK(!mutex.try_lock() && !mutex.try_lock_for(1ms));
  one.unlock();
  three.unlock();
  four.unlock();
  CHECK(!mutex.try_lock());
  two.unlock();
  CHECK(mutex.try_lock());
  CHECK(!mutex.try_lock_shared() && !mutex.try_lock_shared_for(1ms));
  mutex.unlock();
}

static void scoped_lock() {
  const oarlock::manager manager;
  oarlock::mutex left(manager, "left"), right(manager, "right");
  std::mutex plain;
  {
    const std::scoped_lock<oarlock::mutex, oarlock::mutex, std::mutex> lock(left, right, plain);
    CHECK(!manager.try_acquire(oarlock::read("left")));
    CHECK(!manager.try_acquire(oarlock::read("right")));
  }
  CHECK(manager.try_acquire(oarlock::write("")).has_value());
}

template <class Call>
static std::string message(Call call) {
  try {
    call();
  } catch (const oarlock::error& error) {
    return error.what();
  }
  return {};
}

static void misuse_is_told() {
  const oarlock::manager manager;
  oarlock::mutex mutex(manager, "a"), bad(manager, "a//b");
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { mutex.unlock(); }));
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { mutex.unlock_shared(); }));
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, thrown([&] { bad.lock(); }));
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, thrown([&] { (void)bad.try_lock_shared(); }));
  CHECK(message([&] { bad.lock(); }).find("a//b") != std::string::npos);
  CHECK(message([&] { mutex.unlock(); }) == "nobody holds this mutex");
  CHECK(message([&] { mutex.unlock_shared(); }) == "nobody holds this mutex");
  CHECK(message([] { oarlock::mutex().unlock(); }) == "nobody holds this mutex");
  mutex.lock();
  mutex.unlock();
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { mutex.unlock(); }));
  mutex.lock();
  manager.close();
  CHECK_STATUS(OARLOCK_ERR_CLOSED, thrown([&] { mutex.lock(); }));
  mutex.unlock();
}

static void it_outlives_the_manager_object() {
  const auto make = [] { return oarlock::manager(); };
  oarlock::mutex mutex(make(), "a");
  const std::scoped_lock lock(mutex);
  CHECK(mutex.token() != 0);
}

static void threads_exclude_each_other() {
  constexpr int threads = 4, rounds = 300;
  const oarlock::manager manager;
  oarlock::mutex shared_object(manager, "count");
  long count = 0;  // guarded by "count"
  long seen = 0;   // guarded by a std::mutex
  std::mutex seen_guard;
  std::vector<std::thread> running;
  for (int i = 0; i < threads; i++) {
    running.emplace_back([&, i] {
      oarlock::mutex own(manager, "count");
      oarlock::mutex& mutex = i % 2 ? own : shared_object;
      for (int round = 0; round < rounds; round++) {
        {
          const std::unique_lock<oarlock::mutex> lock(mutex);
          const long before = count;
          if (round % 50 == 0) check_pause();
          count = before + 1;
        }
        const std::shared_lock<oarlock::mutex> lock(mutex);
        const std::lock_guard<std::mutex> guard(seen_guard);
        seen += count >= round;
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  CHECK(count == long(threads) * rounds && seen == count);
  CHECK(manager.try_acquire(oarlock::write("")).has_value());
}

/* A child inherits held locks: whatever it does with them ends, and the parent
 * keeps them. */
static void a_forked_child_is_refused() {
  const oarlock::manager manager;
  oarlock::mutex mutex(manager, "a"), shared(manager, "b");
  std::unique_lock<oarlock::mutex> lock(mutex);
  shared.lock_shared();
  oarlock::guard guard = manager.acquire(oarlock::write("c"));
  const auto child = [&] {
    CHECK(throws<oarlock::forked_error>([&] { return manager.acquire(oarlock::read("z")); }));
    CHECK_STATUS(OARLOCK_ERR_FORKED, thrown([&] { guard.release(); }));
    CHECK_STATUS(OARLOCK_ERR_FORKED, thrown([&] { shared.lock(); }));
    lock.unlock();
    shared.unlock_shared();
    const oarlock::manager own;
    CHECK(own.try_acquire(oarlock::write("a")).has_value());
  };
  CHECK(in_child([](void* body) { (*static_cast<decltype(child)*>(body))(); },
                 const_cast<void*>(static_cast<const void*>(&child))));
  CHECK(!manager.try_acquire(oarlock::read("a")) && !manager.try_acquire(oarlock::write("b")));
  CHECK(!manager.try_acquire(oarlock::read("c")));
  shared.unlock_shared();
}

/* A mutex without a manager: one that was used belongs to the parent, any other works. */
static void a_forked_child_has_mutexes_of_its_own() {
  static oarlock::mutex used, unused;
  oarlock::mutex shared;
  used.lock();
  shared.lock_shared();
  CHECK(in_child(
      [](void* other) {
        auto& inherited = *static_cast<oarlock::mutex*>(other);
        CHECK_STATUS(OARLOCK_ERR_FORKED, thrown([] { used.lock(); }));
        CHECK_STATUS(OARLOCK_ERR_FORKED, thrown([] { return used.try_lock_shared(); }));
        used.unlock();
        inherited.unlock_shared();
        oarlock::mutex fresh;
        const std::scoped_lock both(unused, fresh);
        CHECK(!unused.try_lock_shared() && !fresh.try_lock());
        CHECK_STATUS(OARLOCK_ERR_FORKED, thrown([] { used.lock(); }));
      },
      &shared));
  CHECK(!used.try_lock_shared() && !shared.try_lock());
  used.unlock();
  shared.unlock_shared();
}

int main() {
  RUN(unique_lock);
  RUN(shared_lock);
  RUN(scoped_lock);
  RUN(misuse_is_told);
  RUN(it_outlives_the_manager_object);
  RUN(threads_exclude_each_other);
  RUN(a_forked_child_is_refused);
  RUN(a_forked_child_has_mutexes_of_its_own);
  return check_failed_tests != 0;
}
