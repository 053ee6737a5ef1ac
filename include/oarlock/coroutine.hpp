/* coroutine.hpp: co_await for requests and upgrades. A part of oarlock.hpp; empty
 * before C++20. */
#ifndef OARLOCK_COROUTINE_HPP
#define OARLOCK_COROUTINE_HPP

#include "queue.hpp"

#if defined(__cpp_impl_coroutine)

#include <coroutine>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace oarlock {

namespace detail {

/** What an awaitable and its completion, which is still to come, have in common. Each of
 *  them needs it as long as its flag says; the last one deletes it. Both are used on the
 *  loop's thread alone. */
struct awaited {
  explicit awaited(keeper its) noexcept : manager(std::move(its)) {}
  awaited(const awaited&) = delete;
  awaited& operator=(const awaited&) = delete;

  /** The awaitable has gone: what waits is cancelled, and what came is released. */
  void abandon() noexcept {
    if (!coming) {
      delete this;
      return;
    }
    wanted = false;
    // A callback that this calls may run the queue, which deletes this.
    const keeper kept = manager;
    if (upgrade) {
      oarlock_upgrade_cancel(kept.get(), lock);
    } else {
      oarlock_release(kept.get(), lock);
    }
  }

  /** The completion has come, or never will. */
  void settle() noexcept {
    previous->next = next;
    next->previous = previous;
    coming = false;
    if (!wanted) delete this;
  }

  keeper manager;
  lock_id lock = 0;
  bool upgrade = false;
  bool wanted = true;   // the awaitable lives
  bool coming = false;  // the completion is still to come
  std::optional<completion> outcome;
  std::coroutine_handle<> waiter;  // whom to resume, once it is awaited
  awaited* previous = nullptr;     // in the queue's list of those to come
  awaited* next = nullptr;
};

/** All that are to come to a queue. */
class awaited_list {
 public:
  awaited_list() noexcept {
    ends_.previous = &ends_;
    ends_.next = &ends_;
  }
  awaited_list(const awaited_list&) = delete;
  awaited_list& operator=(const awaited_list&) = delete;
  ~awaited_list() {
    while (ends_.next != &ends_) ends_.next->settle();
  }

  void add(awaited& one) noexcept {
    one.coming = true;
    one.previous = ends_.previous;
    one.next = &ends_;
    ends_.previous->next = &one;
    ends_.previous = &one;
    ++count;
  }

  std::size_t count = 0;  // how many are to come

 private:
  awaited ends_{keeper()};
};

/** How long something has taken. */
class stopwatch {
 public:
  /** What is left of a time; 0 if nothing is. Looks at the clock only if that can tell. */
  std::int64_t left(std::int64_t of_ns) noexcept {
    if (of_ns <= 0) return of_ns;
    const auto now = std::chrono::steady_clock::now();
    if (begun_ == begun_.min()) begun_ = now;
    const std::chrono::nanoseconds gone = now - begun_;
    return of_ns > gone.count() ? of_ns - gone.count() : 0;
  }

 private:
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::time_point::min();
};

/** What a coroutine_queue is made of. The list goes last, after what it is told. */
struct coroutine_parts {
  awaited_list coming;
  oarlock::queue queue;
};

}  // namespace detail

/** What coroutine_queue::acquire and its like return: a request, or an upgrade, that has its
 *  place already. To be awaited once, or dropped: then a request that waits is cancelled and
 *  one that was granted is released; an upgrade that waits is taken back. Move-only. */
template <class T, class Errors>
class [[nodiscard]] awaitable {
 public:
  /** One that is decided; from coroutine_queue. */
  explicit awaitable(result<T> decided) : decided_(std::move(decided)) {}
  /** One that waits; from coroutine_queue. */
  explicit awaitable(detail::awaited* waits) noexcept : waits_(waits) {}
  /** Takes the other one's over; before it is awaited. */
  awaitable(awaitable&& other) noexcept
      : decided_(std::move(other.decided_)), waits_(std::exchange(other.waits_, nullptr)) {}
  awaitable& operator=(awaitable&&) = delete;
  ~awaitable() {
    if (waits_ != nullptr) waits_->abandon();
  }

  /** Whether the outcome is there. */
  bool await_ready() const noexcept { return waits_ == nullptr || !waits_->coming; }

  /** coroutine_queue::run resumes this one. */
  void await_suspend(std::coroutine_handle<> waiter) noexcept { waits_->waiter = waiter; }

  /** The outcome: a guard, or nothing for an upgrade. Fails with timeout_error,
   *  cancelled_error, closed_error and whatever the call itself was refused with, as
   *  deadlock_error. */
  typename Errors::template answer<T> await_resume() { return Errors::give(outcome()); }

 private:
  result<T> outcome() {
    if (waits_ == nullptr) return std::move(*decided_);
    // Nothing came, and nothing will, when the queue has gone.
    if (!waits_->outcome) return failure(OARLOCK_ERR_CANCELLED);
    if constexpr (std::is_void_v<T>) {
      if (!*waits_->outcome) return waits_->outcome->error();
      return {};
    } else {
      return waits_->outcome->outcome();
    }
  }

  std::optional<result<T>> decided_;
  detail::awaited* waits_ = nullptr;
};

/** The calls of a coroutine_queue, and of its nothrow() view. */
template <class Self, class Errors>
class coroutine_operations {
  template <class T>
  using answer = typename Errors::template answer<T>;

 public:
  /** Acquires all the claims together: co_await it for the guard. The request takes its
   *  place in the queue now, not when it is awaited. Does not block, and never fails itself:
   *  the co_await does. */
  awaitable<guard, Errors> acquire(const claims& wanted, const request_options& about = {}) {
    return acquire_ns(wanted, OARLOCK_FOREVER, about);
  }

  /** The same, for at most the timeout: then the co_await fails with timeout_error. 0 tries;
   *  a negative timeout is an error. */
  template <class Rep, class Period>
  awaitable<guard, Errors> acquire_for(const claims& wanted,
                                       const std::chrono::duration<Rep, Period>& timeout,
                                       const request_options& about = {}) {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return refused<guard>(limit);
    return acquire_ns(wanted, limit.ns, about);
  }

  /** The same, until a time point, which is measured once, now. */
  template <class Clock, class Duration>
  awaitable<guard, Errors> acquire_until(const claims& wanted,
                                         const std::chrono::time_point<Clock, Duration>& deadline,
                                         const request_options& about = {}) {
    return acquire_ns(wanted, detail::until(deadline), about);
  }

  /** Turns all reads of a guard into writes: co_await it. The guard holds what it held
   *  meanwhile and if it fails; if it is destroyed meanwhile, that is cancelled_error. Does
   *  not block. */
  awaitable<void, Errors> upgrade(guard& held) { return upgrade_ns(held, OARLOCK_FOREVER); }

  /** The same, for at most the timeout: then the co_await fails with timeout_error. */
  template <class Rep, class Period>
  awaitable<void, Errors> upgrade_for(guard& held,
                                      const std::chrono::duration<Rep, Period>& timeout) {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return refused<void>(limit);
    return upgrade_ns(held, limit.ns);
  }

  /** The same, until a time point, which is measured once, now. */
  template <class Clock, class Duration>
  awaitable<void, Errors> upgrade_until(
      guard& held, const std::chrono::time_point<Clock, Duration>& deadline) {
    return upgrade_ns(held, detail::until(deadline));
  }

  /** Resumes the coroutines whose outcomes have come, at most so many, one after the other in
   *  the order in which they came, and returns how many. An exception that leaves one of them
   *  leaves this; the others wait for the next call. Does not block. */
  answer<std::size_t> run(std::size_t most = 256) { return Errors::give(run_ns(0, most)); }

  /** The same, but waits for the first one, for at most the timeout. wake() ends it. What
   *  comes for coroutines that have gone does not end it. */
  template <class Rep, class Period>
  answer<std::size_t> run_for(const std::chrono::duration<Rep, Period>& timeout,
                              std::size_t most = 256) {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) {
      return Errors::give(result<std::size_t>(detail::refused(limit)));
    }
    return Errors::give(run_ns(limit.ns, most));
  }

  /** Makes the descriptor readable and ends a run_for. For any thread. Does not block. */
  answer<void> wake() const { return Errors::give(self().queue.nothrow().post()); }

  /** The file descriptor, which is readable when there is something to run. It is the
   *  queue's: not to be read or closed. */
  [[nodiscard]] answer<int> fd() const { return Errors::give(self().queue.nothrow().fd()); }

  /** How many outcomes are still to come. */
  [[nodiscard]] std::size_t waiting() const noexcept { return self().coming.count; }

 protected:
  coroutine_operations() = default;
  coroutine_operations(const coroutine_operations&) = default;
  coroutine_operations& operator=(const coroutine_operations&) = default;
  ~coroutine_operations() = default;

 private:
  detail::coroutine_parts& self() const {
    return detail::target_access::of(const_cast<Self&>(static_cast<const Self&>(*this)));
  }

  template <class T>
  static awaitable<T, Errors> refused(detail::span timeout) {
    return awaitable<T, Errors>(result<T>(detail::refused(timeout)));
  }

  awaitable<guard, Errors> acquire_ns(const claims& wanted, std::int64_t timeout_ns,
                                      const request_options& about) {
    const detail::handle& manager = detail::target_access::of(std::as_const(self().queue)).manager;
    auto waits = std::make_unique<detail::awaited>(manager.keep());
    const detail::request asked(manager, wanted, about);
    result<enqueued> begun =
        asked.enqueue(timeout_ns, self().queue.native(), static_cast<void*>(waits.get()));
    if (!begun) return awaitable<guard, Errors>(result<guard>(begun.error()));
    if (guard* const granted = std::get_if<guard>(&*begun)) {
      return awaitable<guard, Errors>(result<guard>(std::move(*granted)));
    }
    waits->lock = std::get<ticket>(*begun).id();
    self().coming.add(*waits);
    return awaitable<guard, Errors>(waits.release());
  }

  awaitable<void, Errors> upgrade_ns(guard& of, std::int64_t timeout_ns) {
    detail::held& held = detail::guard_access::held(of);
    auto waits = std::make_unique<detail::awaited>(held.manager);
    const result<bool> begun = detail::begin_upgrade(
        held, [&](oarlock_state* state, std::uint64_t* token, oarlock_error** error) {
          return oarlock_upgrade_queue(held.manager.get(), held.lock, timeout_ns,
                                       self().queue.native(), static_cast<void*>(waits.get()),
                                       state, token, error);
        });
    if (!begun) return awaitable<void, Errors>(result<void>(begun.error()));
    if (*begun) return awaitable<void, Errors>(result<void>());
    waits->lock = held.lock;
    waits->upgrade = true;
    self().coming.add(*waits);
    return awaitable<void, Errors>(waits.release());
  }

  /** One at a time, so that nothing that was fetched is lost when one throws, and so that one
   *  may destroy another whose outcome has come, too. */
  result<std::size_t> run_ns(std::int64_t timeout_ns, std::size_t most) {
    detail::stopwatch begun;
    std::size_t resumed = 0;
    bool came = false;  // something but what nobody wants any more
    for (std::size_t i = 0; i < most;) {
      std::array<completion, 1> one;
      const auto queue = self().queue.nothrow();
      const std::int64_t left_ns = came ? 0 : begun.left(timeout_ns);
      const result<std::size_t> count =
          left_ns == OARLOCK_FOREVER ? queue.wait(one)
                                     : queue.wait_for(std::chrono::nanoseconds(left_ns), one);
      if (!count) return count.error();
      if (*count == 0) break;
      auto* const waits = static_cast<detail::awaited*>(one[0].data());
      if (waits == nullptr) {
        came = true;
        ++i;
        continue;
      }
      --self().coming.count;
      const bool waited_for = waits->wanted;
      const std::coroutine_handle<> waiter = waits->wanted ? waits->waiter : nullptr;
      if (waits->wanted) waits->outcome.emplace(std::move(one[0]));
      waits->settle();
      if (!waited_for) continue;
      came = true;
      ++i;
      if (!waiter) continue;
      ++resumed;
      waiter.resume();
    }
    return resumed;
  }
};

/** A queue whose outcomes resume coroutines:
 *
 *    oarlock::coroutine_queue queue(locks);
 *    // in a coroutine of any type:
 *    oarlock::guard guard = co_await queue.acquire_for(oarlock::write("a"), 1s);
 *    // in the loop, whenever poll says that queue.fd() is readable:
 *    queue.run();
 *
 *  It belongs to one thread: there are requests made and awaited, there runs run, and there
 *  are coroutines destroyed that await. Only wake, and what happens to the locks, may come
 *  from others. A coroutine may be destroyed while it awaits: its request is cancelled, or
 *  released if the grant was on its way. The queue has to outlive whoever awaits: those that
 *  await when it goes are never resumed, and destroying them is all that can be done.
 *
 *  Each manager has queues of its own. Neither copied nor moved.
 *
 *  Some compilers (GCC 12 is one) cannot keep a list in braces, or a claim chosen by ?:,
 *  inside of a co_await. Then make the request before: auto both = queue.acquire({...});
 *  and co_await both. It has its place from there on. */
class coroutine_queue : public coroutine_operations<coroutine_queue, throwing> {
 public:
  /** A queue for this manager, with nothing in it. */
  explicit coroutine_queue(const manager& of) : parts_{{}, queue(of)} {}
  /** Around a queue that was made by queue::make. Nobody else may fetch from it. */
  explicit coroutine_queue(queue made) noexcept : parts_{{}, std::move(made)} {}
  coroutine_queue(const coroutine_queue&) = delete;
  coroutine_queue& operator=(const coroutine_queue&) = delete;

  /** The same calls, returning failures. */
  nothrow_view<coroutine_operations, coroutine_queue> nothrow() & noexcept {
    return nothrow_view<coroutine_operations, coroutine_queue>(*this);
  }

 private:
  friend struct detail::target_access;
  detail::coroutine_parts& target() noexcept { return parts_; }

  detail::coroutine_parts parts_;
};

}  // namespace oarlock

#endif  // __cpp_impl_coroutine

#endif  // OARLOCK_COROUTINE_HPP
