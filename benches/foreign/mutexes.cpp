// oarlock::mutex beside those of the standard library, and beside a map of mutexes by
// hand. Each run locks and unlocks so many times.
#include <memory>
#include <mutex>
#include <oarlock.hpp>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "foreign.h"

namespace {

// What is locked has to be there for the compiler: it must not join two sections.
inline void inside() { __asm__ volatile("" ::: "memory"); }

// What people write: a map of mutexes under a mutex. An entry is made when its key is
// wanted, and removed when nobody uses it.
class by_hand {
 public:
  void lock() { take()->mutex.lock(); }
  void unlock() {
    std::string name = key();
    const std::lock_guard<std::mutex> guard(map_mutex_);
    const auto found = map_.find(name);
    found->second->mutex.unlock();
    if (--found->second->users == 0) map_.erase(found);
  }
  bool try_lock() {
    entry* const wanted = take();
    if (wanted->mutex.try_lock()) return true;
    const std::lock_guard<std::mutex> guard(map_mutex_);
    --wanted->users;
    return false;
  }

 private:
  struct entry {
    std::mutex mutex;
    std::size_t users = 0;
  };
  static std::string key() {
    const char* text = "user-00000000042";
    OPAQUE(text);
    return text;
  }
  entry* take() {
    std::string name = key();
    const std::lock_guard<std::mutex> guard(map_mutex_);
    std::unique_ptr<entry>& place = map_[std::move(name)];
    if (!place) place = std::make_unique<entry>();
    ++place->users;
    return place.get();
  }
  std::mutex map_mutex_;
  std::unordered_map<std::string, std::unique_ptr<entry>> map_;
};

// A mutex on a path of a manager.
struct on_a_path {
  oarlock::manager locks;
  oarlock::mutex mutex{locks, "users/42"};
  void lock() { mutex.lock(); }
  void unlock() { mutex.unlock(); }
  void lock_shared() { mutex.lock_shared(); }
  void unlock_shared() { mutex.unlock_shared(); }
  bool try_lock() { return mutex.try_lock(); }
};

template <class Mutex>
void* open() {
  return new Mutex;
}
template <class Mutex>
void close(void* state) {
  delete static_cast<Mutex*>(state);
}

template <class Mutex>
void lock(void* state, std::uint64_t times) {
  Mutex& mutex = *static_cast<Mutex*>(state);
  for (std::uint64_t i = 0; i < times; ++i) {
    mutex.lock();
    inside();
    mutex.unlock();
  }
}

template <class Mutex>
void lock_shared(void* state, std::uint64_t times) {
  Mutex& mutex = *static_cast<Mutex*>(state);
  for (std::uint64_t i = 0; i < times; ++i) {
    mutex.lock_shared();
    inside();
    mutex.unlock_shared();
  }
}

template <class Mutex>
void try_lock(void* state, std::uint64_t times) {
  Mutex& mutex = *static_cast<Mutex*>(state);
  for (std::uint64_t i = 0; i < times; ++i) {
    if (!mutex.try_lock()) continue;
    inside();
    mutex.unlock();
  }
}

template <class Mutex>
constexpr foreign_case of(const char* name, void (*run)(void*, std::uint64_t)) {
  return {name, open<Mutex>, run, close<Mutex>};
}

using timed = std::shared_timed_mutex;
const foreign_case cases[] = {
    of<oarlock::mutex>("lock: oarlock::mutex", lock<oarlock::mutex>),
    of<on_a_path>("lock: oarlock::mutex on a path", lock<on_a_path>),
    of<timed>("lock: std::shared_timed_mutex", lock<timed>),
    of<std::mutex>("lock: std::mutex", lock<std::mutex>),
    of<by_hand>("lock: map of std::mutex by hand", lock<by_hand>),
    of<oarlock::mutex>("lock_shared: oarlock::mutex", lock_shared<oarlock::mutex>),
    of<on_a_path>("lock_shared: oarlock::mutex on a path", lock_shared<on_a_path>),
    of<timed>("lock_shared: std::shared_timed_mutex", lock_shared<timed>),
    of<oarlock::mutex>("try_lock: oarlock::mutex", try_lock<oarlock::mutex>),
    of<on_a_path>("try_lock: oarlock::mutex on a path", try_lock<on_a_path>),
    of<timed>("try_lock: std::shared_timed_mutex", try_lock<timed>),
    of<std::mutex>("try_lock: std::mutex", try_lock<std::mutex>),
    of<by_hand>("try_lock: map of std::mutex by hand", try_lock<by_hand>),
};

}  // namespace

const foreign_case* foreign_cases(std::size_t* out_count) {
  *out_count = sizeof cases / sizeof cases[0];
  return cases;
}
