// oarlock::mutex keeps the contract of std::shared_timed_mutex: the same tests for
// both, so that they ask for nothing that the standard's own does not do.
#include "thrown.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <thread>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using system_time = std::chrono::system_clock;
using own = oarlock::mutex;
using theirs = std::shared_timed_mutex;

static_assert(std::is_nothrow_default_constructible_v<own>);
static_assert(!std::is_copy_constructible_v<own> && !std::is_copy_assignable_v<own>);
static_assert(!std::is_move_constructible_v<own> && !std::is_move_assignable_v<own>);
static_assert(std::is_standard_layout_v<own> && std::is_nothrow_destructible_v<own>);
static_assert(std::is_same_v<decltype(&std::declval<own&>()), own*>);
static_assert(std::is_void_v<decltype(std::declval<own&>().lock())>);
static_assert(std::is_same_v<decltype(std::declval<own&>().try_lock_for(1s)), bool>);

// The predicates say the same of both, and no of what is no mutex.
template <class Mutex>
constexpr bool is_all = oarlock::is_basic_lockable_v<Mutex> && oarlock::is_lockable_v<Mutex> &&
                        oarlock::is_timed_lockable_v<Mutex> &&
                        oarlock::is_shared_lockable_v<Mutex> &&
                        oarlock::is_shared_timed_lockable_v<Mutex>;
static_assert(is_all<own> && is_all<theirs>);
static_assert(oarlock::is_lockable_v<std::mutex> && !oarlock::is_timed_lockable_v<std::mutex>);
static_assert(!oarlock::is_shared_lockable_v<std::timed_mutex>);
static_assert(oarlock::is_shared_lockable_v<std::shared_mutex>);
static_assert(!oarlock::is_shared_timed_lockable_v<std::shared_mutex>);
static_assert(!oarlock::is_basic_lockable_v<int>);

/* Goes at a third of the pace, and begins elsewhere. */
struct slow_clock {
  using duration = std::chrono::duration<std::int64_t, std::ratio<1, 90000>>;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<slow_clock>;
  static constexpr bool is_steady = true;
  static time_point now() {
    const auto real = steady::now().time_since_epoch();
    return time_point(std::chrono::duration_cast<duration>(real / 3 + 1000h));
  }
};

/* Goes at twice the pace, in floating numbers. */
struct fast_clock {
  using duration = std::chrono::duration<double>;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<fast_clock>;
  static constexpr bool is_steady = true;
  static time_point now() { return time_point(2.0 * duration(steady::now().time_since_epoch())); }
};

/* What a call answers in another thread. */
template <class Call>
static bool elsewhere(Call call) {
  bool answer = false;
  std::thread([&] { answer = call(); }).join();
  return answer;
}

/* Whether it could be locked in each way, and in none for longer than that. */
template <class Mutex>
static bool is_free(Mutex& mutex) {
  return elsewhere([&] {
    if (!mutex.try_lock()) return false;
    mutex.unlock();
    if (!mutex.try_lock_shared()) return false;
    mutex.unlock_shared();
    return true;
  });
}

template <class Mutex>
static void a_writer_is_alone() {
  Mutex mutex;
  mutex.lock();
  const auto now = steady::now();
  CHECK(!elsewhere([&] { return mutex.try_lock(); }));
  CHECK(!elsewhere([&] { return mutex.try_lock_shared(); }));
  CHECK(!elsewhere([&] { return mutex.try_lock_for(1ms); }));
  CHECK(!elsewhere([&] { return mutex.try_lock_shared_for(1ms); }));
  CHECK(!elsewhere([&] { return mutex.try_lock_until(now + 1ms); }));
  CHECK(!elsewhere([&] { return mutex.try_lock_shared_until(now + 1ms); }));
  mutex.unlock();
  CHECK(is_free(mutex));
}

template <class Mutex>
static void readers_are_together() {
  Mutex mutex;
  mutex.lock_shared();
  CHECK(elsewhere([&] {
    mutex.lock_shared();
    const bool more = mutex.try_lock_shared_for(1h);
    mutex.unlock_shared();
    mutex.unlock_shared();
    return more;
  }));
  CHECK(elsewhere([&] {
    const bool got = mutex.try_lock_shared_until(system_time::now() + 1h);
    mutex.unlock_shared();
    return got;
  }));
  CHECK(!elsewhere([&] { return mutex.try_lock(); }));
  CHECK(!elsewhere([&] { return mutex.try_lock_for(1ms); }));
  mutex.unlock_shared();
  CHECK(is_free(mutex));
}

template <class Mutex>
static void each_way_locks_what_is_free() {
  Mutex mutex;
  for (int round = 0; round < 3; round++) {
    mutex.lock();
    mutex.unlock();
    CHECK(mutex.try_lock());
    mutex.unlock();
    CHECK(mutex.try_lock_for(1ms));
    mutex.unlock();
    CHECK(mutex.try_lock_until(steady::now() + 1ms));
    mutex.unlock();
    mutex.lock_shared();
    mutex.unlock_shared();
    CHECK(mutex.try_lock_shared());
    mutex.unlock_shared();
    CHECK(mutex.try_lock_shared_for(1ms));
    mutex.unlock_shared();
    CHECK(mutex.try_lock_shared_until(system_time::now() + 1ms));
    mutex.unlock_shared();
  }
  CHECK(is_free(mutex));
}

template <class Mutex>
static void a_timeout_takes_its_time() {
  Mutex mutex;
  const std::lock_guard<Mutex> held(mutex);
  for (const auto timeout : {1ms, 20ms}) {
    CHECK(elsewhere([&] {
      const auto begin = steady::now();
      return !mutex.try_lock_for(timeout) && steady::now() - begin >= timeout;
    }));
    CHECK(elsewhere([&] {
      const auto begin = steady::now();
      return !mutex.try_lock_shared_for(timeout) && steady::now() - begin >= timeout;
    }));
    CHECK(elsewhere([&] {
      const auto end = steady::now() + timeout;
      return !mutex.try_lock_until(end) && steady::now() >= end;
    }));
    CHECK(elsewhere([&] {
      const auto end = system_time::now() + timeout;
      return !mutex.try_lock_shared_until(end) && system_time::now() >= end;
    }));
  }
}

/* Whether each of these calls locks exactly what is free: each gives back what it got,
 * and says whether it got it. */
template <class Mutex, class... Try>
static bool each_tries(Mutex& mutex, Try... each) {
  const bool free = elsewhere([&] { return (each() && ...); });
  const std::lock_guard<Mutex> held(mutex);
  return free && !elsewhere([&] { return (each() || ...); });
}

template <class Mutex, class Duration>
static bool over_for(Mutex& mutex, Duration timeout) {
  return each_tries(
      mutex, [&] { return mutex.try_lock_for(timeout) && (mutex.unlock(), true); },
      [&] { return mutex.try_lock_shared_for(timeout) && (mutex.unlock_shared(), true); });
}

template <class Mutex, class Time>
static bool over_at(Mutex& mutex, Time time) {
  return each_tries(
      mutex, [&] { return mutex.try_lock_until(time) && (mutex.unlock(), true); },
      [&] { return mutex.try_lock_shared_until(time) && (mutex.unlock_shared(), true); });
}

/* No more than some milliseconds ago: the steady clock may have begun a moment ago. */
template <class Mutex>
static void a_time_that_is_over_is_a_try() {
  Mutex mutex;
  CHECK(over_for(mutex, 0s) && over_for(mutex, -1ns) && over_for(mutex, -5ms));
  CHECK(over_for(mutex, std::chrono::duration<double>(-0.005)));
  CHECK(over_at(mutex, steady::now()) && over_at(mutex, steady::now() - 5ms));
  CHECK(over_at(mutex, system_time::now()) && over_at(mutex, system_time::now() - 5ms));
  CHECK(over_at(mutex, steady::time_point()) && over_at(mutex, system_time::time_point()));
}

/* Before its clock began. The standard library's own does not bear such a time. */
static void a_time_that_never_was_is_over() {
  own mutex;
  const auto age = steady::now().time_since_epoch();
  CHECK(over_for(mutex, -1h) && over_for(mutex, -age - 1ms) && over_for(mutex, -2 * age));
  CHECK(over_for(mutex, std::chrono::duration<double>(-0.5) - age));
  CHECK(over_at(mutex, steady::time_point(-1ns)) && over_at(mutex, steady::time_point(-1500ms)));
  CHECK(over_at(mutex, system_time::time_point(-1ns)));
  CHECK(over_at(mutex, system_time::time_point(-1500ms)));
  CHECK(over_at(mutex, steady::now() - 1h) && over_at(mutex, slow_clock::time_point(-1h)));
}

template <class Mutex>
static void other_clocks_are_waited_for() {
  Mutex mutex;
  CHECK(mutex.try_lock_until(slow_clock::now() + 1ms));
  CHECK(elsewhere([&] {
    const auto end = slow_clock::now() + slow_clock::duration(600);
    return !mutex.try_lock_until(end) && slow_clock::now() >= end;
  }));
  CHECK(elsewhere([&] {
    const auto end = slow_clock::now() + slow_clock::duration(600);
    return !mutex.try_lock_shared_until(end) && slow_clock::now() >= end;
  }));
  CHECK(elsewhere([&] {
    const auto end = fast_clock::now() + fast_clock::duration(0.01);
    return !mutex.try_lock_until(end) && fast_clock::now() >= end;
  }));
  mutex.unlock();
  CHECK(mutex.try_lock_shared_until(slow_clock::now()));
  mutex.unlock_shared();
  const std::chrono::time_point<system_time, std::chrono::hours> coarse =
      std::chrono::time_point_cast<std::chrono::hours>(system_time::now()) + 2h;
  CHECK(mutex.try_lock_until(coarse));
  mutex.unlock();
}

/* A waiter gets what is unlocked meanwhile. */
template <class Mutex, class Wait>
static bool is_granted_later(Wait wait) {
  Mutex mutex;
  std::atomic<bool> begun{false};
  mutex.lock();
  bool got = false;
  std::thread waiter([&] {
    begun = true;
    got = wait(mutex);
  });
  while (!begun) std::this_thread::yield();
  check_pause();
  mutex.unlock();
  waiter.join();
  return got && is_free(mutex);
}

template <class Mutex>
static void what_is_unlocked_is_granted() {
  const auto exclusive = [](auto wait) {
    return [wait](Mutex& mutex) {
      const bool got = wait(mutex);
      if (got) mutex.unlock();
      return got;
    };
  };
  const auto shared = [](auto wait) {
    return [wait](Mutex& mutex) {
      const bool got = wait(mutex);
      if (got) mutex.unlock_shared();
      return got;
    };
  };
  CHECK(is_granted_later<Mutex>(exclusive([](Mutex& mutex) { return mutex.lock(), true; })));
  CHECK(is_granted_later<Mutex>(shared([](Mutex& mutex) { return mutex.lock_shared(), true; })));
  CHECK(is_granted_later<Mutex>(exclusive([](Mutex& mutex) { return mutex.try_lock_for(1h); })));
  CHECK(is_granted_later<Mutex>(
      shared([](Mutex& mutex) { return mutex.try_lock_shared_for(1h); })));
  CHECK(is_granted_later<Mutex>(
      exclusive([](Mutex& mutex) { return mutex.try_lock_until(system_time::now() + 1h); })));
  CHECK(is_granted_later<Mutex>(
      shared([](Mutex& mutex) { return mutex.try_lock_shared_until(steady::now() + 1h); })));
}

/* Times that are too large to be added to now. The standard library's own overflows. */
static void the_longest_time_is_for_ever() {
  const auto later = [](auto timeout) {
    return is_granted_later<own>([timeout](own& mutex) {
      const bool got = mutex.try_lock_for(timeout);
      if (got) mutex.unlock();
      return got;
    });
  };
  CHECK(later(std::chrono::hours::max()));
  CHECK(later(std::chrono::nanoseconds::max()));
  CHECK(later(std::chrono::duration<double>(std::numeric_limits<double>::infinity())));
  CHECK(later(std::chrono::duration<float, std::ratio<31556952>>(1e30f)));
  const auto at = [](auto deadline) {
    return is_granted_later<own>([deadline](own& mutex) {
      const bool got = mutex.try_lock_shared_until(deadline);
      if (got) mutex.unlock_shared();
      return got;
    });
  };
  CHECK(at(steady::time_point::max()));
  CHECK(at(system_time::time_point::max()));
  CHECK(at(std::chrono::time_point<system_time, std::chrono::hours>::max()));
  own mutex;
  mutex.lock();
  CHECK(!mutex.try_lock_until(steady::time_point::min()));
  CHECK(!mutex.try_lock_until(std::chrono::time_point<system_time, std::chrono::hours>::min()));
  CHECK(!mutex.try_lock_for(std::chrono::hours::min()));
  CHECK(!mutex.try_lock_for(
      std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())));
  mutex.unlock();
}

template <class Mutex>
static void the_standard_locks_work() {
  Mutex one, two, three;
  {
    const std::scoped_lock all(one, two, three);
    CHECK(!elsewhere([&] { return two.try_lock(); }));
  }
  {
    std::unique_lock<Mutex> a(one, std::defer_lock), b(two, std::defer_lock);
    std::shared_lock<Mutex> c(three, std::defer_lock);
    std::lock(a, b, c);
    CHECK(a.owns_lock() && b.owns_lock() && c.owns_lock());
    CHECK(!elsewhere([&] { return std::try_lock(three, one) == -1; }));
  }
  CHECK(std::try_lock(one, two, three) == -1);
  one.unlock();
  two.unlock();
  three.unlock();
  std::unique_lock<Mutex> moved = std::unique_lock<Mutex>(one, 1h);
  std::shared_lock<Mutex> reader(two, steady::now() + 1h);
  CHECK(moved && moved.mutex() == &one && reader.mutex() == &two);
  CHECK(!elsewhere([&] { return one.try_lock_shared() || two.try_lock(); }));
  moved.unlock();
  reader.unlock();
  CHECK(is_free(one) && is_free(two) && is_free(three));
}

/* Two threads that lock both, each the other way round. */
template <class Mutex>
static void several_are_locked_without_deadlock() {
  Mutex left, right;
  long sum = 0;
  const auto work = [&](Mutex& first, Mutex& second) {
    for (int i = 0; i < 500; i++) {
      const std::scoped_lock both(first, second);
      ++sum;
    }
  };
  std::thread other([&] { work(right, left); });
  work(left, right);
  other.join();
  CHECK(sum == 1000);
}

template <class Mutex>
static void conditions_are_waited_for() {
  Mutex mutex;
  std::condition_variable_any changed;
  int turn = 0;  // guarded by mutex
  std::thread other([&] {
    for (int i = 0; i < 100; i++) {
      std::unique_lock<Mutex> lock(mutex);
      changed.wait(lock, [&] { return turn % 2 == 1; });
      ++turn;
      changed.notify_all();
    }
  });
  for (int i = 0; i < 100; i++) {
    {
      const std::lock_guard<Mutex> lock(mutex);
      ++turn;
    }
    changed.notify_all();
    std::shared_lock<Mutex> lock(mutex);
    CHECK(changed.wait_for(lock, 1h, [&] { return turn % 2 == 0; }));
  }
  other.join();
  CHECK(turn == 200);
}

/* Writers are alone and readers see nothing half done, in any mixture of calls. */
template <class Mutex>
static void any_mixture_of_calls_excludes() {
  constexpr unsigned threads = 4, rounds = 400;
  const char* const given = std::getenv("OARLOCK_SEED");
  const unsigned seed = given ? unsigned(std::strtoul(given, nullptr, 10)) : std::random_device()();
  std::printf("seed %u\n", seed);
  Mutex mutex;
  long first = 0, second = 0;  // guarded by mutex, and always equal
  std::atomic<long> writes{0}, torn{0};
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; i++) {
    running.emplace_back([&, i] {
      std::mt19937 random(seed + i);
      for (unsigned round = 0; round < rounds; round++) {
        const unsigned kind = random() % 8;
        bool got = true;
        switch (kind) {
          case 0: mutex.lock(); break;
          case 1: got = mutex.try_lock(); break;
          case 2: got = mutex.try_lock_for(std::chrono::microseconds(random() % 100)); break;
          case 3: got = mutex.try_lock_until(steady::now() + std::chrono::microseconds(50)); break;
          case 4: mutex.lock_shared(); break;
          case 5: got = mutex.try_lock_shared(); break;
          case 6: got = mutex.try_lock_shared_for(std::chrono::microseconds(random() % 100)); break;
          default: got = mutex.try_lock_shared_until(system_time::now() + 1h);
        }
        if (!got) continue;
        if (kind < 4) {
          ++first;
          if (random() % 4 == 0) std::this_thread::yield();
          ++second;
          ++writes;
          mutex.unlock();
        } else {
          torn += first != second;
          mutex.unlock_shared();
        }
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  CHECK(torn == 0 && first == writes && second == writes && is_free(mutex));
}

/* More readers than stand in the object itself, and in every order. */
static void any_number_of_readers() {
  const auto mutex = std::make_unique<own>();
  for (const int readers : {8, 9, 200}) {
    for (int i = 0; i < readers; i++) mutex->lock_shared();
    CHECK(!mutex->try_lock());
    for (int i = 1; i < readers; i++) mutex->unlock_shared();
    CHECK(!mutex->try_lock());
    mutex->unlock_shared();
    CHECK(is_free(*mutex));
  }
  std::atomic<int> inside{0};
  std::vector<std::thread> running;
  for (int i = 0; i < 20; i++) {
    running.emplace_back([&] {
      for (int round = 0; round < 50; round++) {
        const std::shared_lock<own> one(*mutex);
        ++inside;
        const std::shared_lock<own> two(*mutex, std::try_to_lock);
        if (round % 10 == 0) std::this_thread::yield();
        --inside;
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  CHECK(inside == 0 && is_free(*mutex));
}

static own before_main;

static void it_belongs_to_no_thread() {
  before_main.lock();
  CHECK(elsewhere([] { return before_main.unlock(), before_main.try_lock_shared(); }));
  before_main.unlock_shared();
  CHECK(is_free(before_main));
}

static void each_is_another() {
  std::vector<own> many(100);
  for (own& one : many) one.lock();
  for (own& one : many) CHECK(one.token() != 0);
  for (own& one : many) one.unlock();
  // What is forgotten ends with it, and the place may come again.
  alignas(own) unsigned char place[sizeof(own)];
  for (int i = 0; i < 3; i++) {
    own* const one = new (place) own;
    one->lock();
    CHECK(!one->try_lock_shared());
    one->~mutex();
  }
  for (int i = 0; i < 3; i++) {
    own* const one = new (place) own;
    one->lock_shared();
    one->lock_shared();
    one->~mutex();
  }
  own* const last = new (place) own;
  CHECK(last->try_lock());
  last->~mutex();
}

#define RUN_BOTH(test) \
  RUN(test<own>);      \
  RUN(test<theirs>)

int main() {
  RUN_BOTH(a_writer_is_alone);
  RUN_BOTH(readers_are_together);
  RUN_BOTH(each_way_locks_what_is_free);
  RUN_BOTH(a_timeout_takes_its_time);
  RUN_BOTH(a_time_that_is_over_is_a_try);
  RUN(a_time_that_never_was_is_over);
  RUN_BOTH(other_clocks_are_waited_for);
  RUN_BOTH(what_is_unlocked_is_granted);
  RUN(the_longest_time_is_for_ever);
  RUN_BOTH(the_standard_locks_work);
  RUN_BOTH(several_are_locked_without_deadlock);
  RUN_BOTH(conditions_are_waited_for);
  RUN_BOTH(any_mixture_of_calls_excludes);
  RUN(any_number_of_readers);
  RUN(it_belongs_to_no_thread);
  RUN(each_is_another);
  return check_failed_tests != 0;
}
