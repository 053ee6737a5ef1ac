/* mutex.hpp: a mutex of the standard library's kind. A part of oarlock.hpp. */
#ifndef OARLOCK_MUTEX_HPP
#define OARLOCK_MUTEX_HPP

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>  // std::unique_lock and its like, for the user
#include <type_traits>
#include <utility>
#include <vector>

#include "holders.hpp"
#include "lockable.hpp"
#include "manager.hpp"

namespace oarlock {

namespace detail {

/** The manager of the mutexes that were given none, made when the first of them is locked.
 *  It is never freed, since a mutex may be static and used until the very end; a forked
 *  child makes another. */
inline oarlock_manager* own_manager() {
  static std::atomic<oarlock_manager*> own{nullptr};
  for (;;) {
    oarlock_manager* present = own.load(std::memory_order_acquire);
    if (present != nullptr && oarlock_manager_check(present) == OARLOCK_OK) return present;
    oarlock_manager* made = nullptr;
    const outcome done =
        attempt([&](oarlock_error** error) { return oarlock_manager_new(nullptr, &made, error); });
    if (!done.ok()) raise(outcome(done).why());
    if (own.compare_exchange_strong(present, made, std::memory_order_acq_rel)) return made;
    oarlock_manager_free(made);
  }
}

/** A path of a manager, as C takes it at every call. */
struct mutex_place {
  mutex_place(const handle& of, path named)
      : manager(of),
        where(std::move(named)),
        strings(path_access::strings(where)),
        c_where(path_access::c_path(where, strings.data())) {}

  handle manager;
  path where;
  std::vector<oarlock_str> strings;
  oarlock_path c_where;  // borrows the two above
};

}  // namespace detail

/** A mutex of the kind of std::shared_timed_mutex, for std::unique_lock, shared_lock,
 *  scoped_lock, lock and condition_variable_any.
 *
 *  It is a path of a manager, or, made without one, a name that nobody else has. lock is a
 *  write claim on the path, lock_shared a read claim, and they are served first in, first
 *  out: a reader does not pass a writer that waits. Several mutex objects on one path are
 *  the same lock, and any number of threads may use one object. Unlike the standard
 *  library's it belongs to no thread: another one may unlock it.
 *
 *  It is not recursive, and covers what lies below: a thread that holds one on "a" waits
 *  for itself if it locks another on "a" or "a/b". To hold several paths at once, one
 *  manager::acquire is fairer and cannot deadlock.
 *
 *  Its calls throw oarlock::error for what the standard library's mutexes have undefined
 *  (unlocking what nobody holds), and when the manager refuses: it is closed, this is a
 *  forked child, the path is none. In a forked child the unlocking calls of a mutex that
 *  was held do nothing. Locking what is free takes no memory once the manager has some
 *  to spare, but for more than eight shared holders. */
class mutex {
 public:
  /** A mutex of its own, unlocked. Costs nothing, and may be a static variable. */
  constexpr mutex() noexcept = default;
  /** On a path of a manager: text, a list of segments in braces, or a container of them.
   *  Text with an empty segment is refused by lock, and so is a list in braces of a single
   *  segment with a '/': mutex(locks, "a/b"), not mutex(locks, {"a/b"}). */
  mutex(const manager& locks, path where)
      : place_(new detail::mutex_place(detail::manager_access::of(locks), std::move(where))),
        manager_(locks.native()) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  /** Whoever holds it must have unlocked it before; what is forgotten ends here. */
  ~mutex() {
    end(exclusive_.load(std::memory_order_relaxed));
    for (lock_id lock = shared_.take(); lock != 0; lock = shared_.take()) end(lock);
    delete place_;
  }

  /** Blocks until this is the only holder. */
  void lock() { (void)take_exclusive(OARLOCK_FOREVER); }
  /** Does not block. */
  [[nodiscard]] bool try_lock() { return take_exclusive(0); }
  /** Blocks for at most the timeout; 0 or a negative one tries, and one that is too large to
   *  be counted is for ever. */
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(const std::chrono::duration<Rep, Period>& timeout) {
    return take_exclusive(detail::at_most(timeout));
  }
  /** Blocks until the time point at most, by its clock. */
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return until(deadline, [this](std::int64_t ns) { return take_exclusive(ns); });
  }
  /** Does not block. Throws if nobody holds it. */
  void unlock() {
    const lock_id held = exclusive_.load(std::memory_order_relaxed);
    exclusive_.store(0, std::memory_order_relaxed);
    finish(held);
  }

  /** Blocks until nobody holds it exclusively. */
  void lock_shared() { (void)take_shared(OARLOCK_FOREVER); }
  /** Does not block. */
  [[nodiscard]] bool try_lock_shared() { return take_shared(0); }
  /** Blocks for at most the timeout; 0 or a negative one tries, and one that is too large to
   *  be counted is for ever. */
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& timeout) {
    return take_shared(detail::at_most(timeout));
  }
  /** Blocks until the time point at most, by its clock. */
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_shared_until(
      const std::chrono::time_point<Clock, Duration>& deadline) {
    return until(deadline, [this](std::int64_t ns) { return take_shared(ns); });
  }
  /** Does not block. Throws if nobody holds it. */
  void unlock_shared() { finish(shared_.take()); }

  /** The fencing token of whoever holds it exclusively; 0 if nobody does. For the holder to
   *  call. */
  std::uint64_t token() const {
    std::uint64_t token = 0;
    const lock_id held = exclusive_.load(std::memory_order_relaxed);
    if (held != 0) detail::check(oarlock_lock_token(native(), held, &token));
    return token;
  }

 private:
  /** The C handle; NULL before the first lock of a mutex of its own. */
  oarlock_manager* native() const noexcept { return manager_.load(std::memory_order_acquire); }

  oarlock_manager* bound() {
    oarlock_manager* present = native();
    if (present != nullptr) return present;
    oarlock_manager* const own = detail::own_manager();
    // The first to come decides, for all who come at the same time.
    return manager_.compare_exchange_strong(present, own, std::memory_order_acq_rel) ? own
                                                                                     : present;
  }

  /** Waits until a time point. Clocks may be set, or go slower than timeouts do: then it
   *  waits again. */
  template <class Clock, class Duration, class Take>
  static bool until(const std::chrono::time_point<Clock, Duration>& deadline, Take take) {
    for (;;) {
      if (take(detail::until(deadline))) return true;
      if (std::is_same_v<Clock, std::chrono::steady_clock> || detail::until(deadline) == 0) {
        return false;
      }
    }
  }

  /** A request: its number, or 0 when the time is up. */
  lock_id take(std::int32_t mode, std::int64_t timeout_ns) {
    if (place_ != nullptr) {
      if (native() == nullptr) raise(detail::moved_from("manager"));
      detail::outcome fit = detail::path_access::check(place_->where);
      if (!fit.ok()) raise(std::move(fit).why());
    }
    oarlock_manager* const manager = bound();
    // A mutex of its own is named by where it is.
    const mutex* const self = this;
    const oarlock_str address = {reinterpret_cast<const char*>(&self), sizeof self};
    const oarlock_claim claim = {
        mode, 0, place_ != nullptr ? place_->c_where : oarlock_path{{nullptr, 0}, &address, 1, 0, 0}};
    lock_id lock = 0;
    oarlock_status status =
        timeout_ns == 0
            ? oarlock_try_acquire(manager, &claim, 1, nullptr, &lock, nullptr, nullptr)
            : oarlock_acquire(manager, &claim, 1, nullptr, timeout_ns, &lock, nullptr, nullptr);
    if (status == OARLOCK_ERR_TIMEOUT || status == OARLOCK_ERR_WOULD_BLOCK) return 0;
    if (status != OARLOCK_OK) raise(why(status, claim));
    return lock;
  }

  /** The failure of a request, with what it says of the path: as a try would be told. */
  failure why(oarlock_status status, const oarlock_claim& claim) const {
    std::int32_t would = 0;
    detail::outcome told = detail::attempt([&](oarlock_error** error) {
      return oarlock_would_grant(native(), &claim, 1, nullptr, &would, error);
    });
    return told.code() == status ? std::move(told).why() : failure(status);
  }

  bool take_exclusive(std::int64_t timeout_ns) {
    const lock_id lock = take(OARLOCK_WRITE, timeout_ns);
    if (lock != 0) exclusive_.store(lock, std::memory_order_relaxed);
    return lock != 0;
  }

  bool take_shared(std::int64_t timeout_ns) {
    const lock_id lock = take(OARLOCK_READ, timeout_ns);
    if (lock != 0 && !shared_.put(lock)) {
      end(lock);
      raise(failure(OARLOCK_ERR_INTERNAL, "no memory for another shared holder"));
    }
    return lock != 0;
  }

  /** Ends a request. In a forked child there is nothing to end. */
  void finish(lock_id lock) {
    if (lock == 0) raise(failure(OARLOCK_ERR_STALE, "nobody holds this mutex"));
    const oarlock_status status = oarlock_release(native(), lock);
    if (status != OARLOCK_ERR_FORKED) detail::check(status);
  }

  void end(lock_id lock) noexcept {
    if (lock != 0) oarlock_release(native(), lock);
  }

  /** Null for a mutex of its own. Read-only. */
  detail::mutex_place* place_ = nullptr;
  /** That of the place, or of all mutexes of their own. Set once. */
  std::atomic<oarlock_manager*> manager_{nullptr};
  /** The exclusive request's number, or 0. Written by its holder alone: what orders its
   *  writes is the lock. */
  std::atomic<lock_id> exclusive_{0};
  /** The numbers of the shared requests. They are all reads of one path, so unlock_shared
   *  ends any one of them. */
  detail::holders shared_;
};

static_assert(is_basic_lockable_v<mutex> && is_lockable_v<mutex> && is_timed_lockable_v<mutex>);
static_assert(is_shared_lockable_v<mutex> && is_shared_timed_lockable_v<mutex>);
static_assert(std::is_standard_layout_v<mutex> && std::is_nothrow_default_constructible_v<mutex>);

}  // namespace oarlock

#endif  // OARLOCK_MUTEX_HPP
