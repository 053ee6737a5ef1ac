/* queue.hpp: outcomes for an event loop. A part of oarlock.hpp. */
#ifndef OARLOCK_QUEUE_HPP
#define OARLOCK_QUEUE_HPP

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "completion.hpp"
#include "manager.hpp"

namespace oarlock {

namespace detail {

struct queue_access;

/** What a queue is made of. The manager goes last. */
struct queue_parts {
  struct free {
    void operator()(oarlock_queue* it) const noexcept { oarlock_queue_free(it); }
  };
  handle manager;
  std::unique_ptr<oarlock_queue, free> queue;
};

/** Whether it is a container into which completions can be put. */
template <class Into, class = void>
struct has_room : std::false_type {};
template <class Into>
struct has_room<Into, std::void_t<decltype(std::data(std::declval<Into&>()))>>
    : std::is_same<decltype(std::data(std::declval<Into&>())), completion*> {};

}  // namespace detail

/** The calls of a queue, and of its nothrow() view. All but the destructor may be made
 *  by any thread, also by several at once; each completion is fetched once.
 *
 *  Those that fetch take, as their last parameter, where to: a function of
 *  (completion&&), which must be noexcept, or a container of completions with room, such
 *  as std::array<completion, 64>; and they return how many there were. Without it they
 *  return a vector. */
template <class Self, class Errors>
class queue_operations {
  template <class T>
  using answer = typename Errors::template answer<T>;
  template <class Into>
  using if_into =
      std::enable_if_t<detail::hears<Into, completion&&> || detail::has_room<Into>::value, int>;

 public:
  /** Gives a request its place in the manager's queue and returns at once: a guard when it
   *  was granted at once; else a ticket, and exactly one completion with this data comes,
   *  perhaps before this returns. Does not block. */
  [[nodiscard]] answer<enqueued> enqueue(const claims& wanted, void* data,
                                         const request_options& about = {}) const {
    return Errors::give(enqueue_ns(wanted, OARLOCK_FOREVER, data, about));
  }

  /** The same, for at most the timeout: then the completion says OARLOCK_ERR_TIMEOUT. A
   *  timeout of 0 that would wait fails at once, with timeout_error. */
  template <class Rep, class Period>
  [[nodiscard]] answer<enqueued> enqueue_for(
      const claims& wanted, const std::chrono::duration<Rep, Period>& timeout, void* data,
      const request_options& about = {}) const {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return Errors::give(result<enqueued>(detail::refused(limit)));
    return Errors::give(enqueue_ns(wanted, limit.ns, data, about));
  }

  /** The same, until a time point, which is measured once, now. */
  template <class Clock, class Duration>
  [[nodiscard]] answer<enqueued> enqueue_until(
      const claims& wanted, const std::chrono::time_point<Clock, Duration>& deadline, void* data,
      const request_options& about = {}) const {
    return Errors::give(enqueue_ns(wanted, detail::until(deadline), data, about));
  }

  /** Begins an upgrade of a guard, of this manager or another, and returns at once: true if
   *  it was granted. Else it waits, and exactly one completion with this data comes. The guard
   *  stays the caller's; if it goes first, the completion says OARLOCK_ERR_CANCELLED. Does
   *  not block. */
  [[nodiscard]] answer<bool> upgrade(guard& held, void* data) const {
    return Errors::give(upgrade_ns(held, OARLOCK_FOREVER, data));
  }

  /** The same, for at most the timeout: then the completion says OARLOCK_ERR_TIMEOUT. */
  template <class Rep, class Period>
  [[nodiscard]] answer<bool> upgrade_for(guard& held,
                                         const std::chrono::duration<Rep, Period>& timeout,
                                         void* data) const {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return Errors::give(result<bool>(detail::refused(limit)));
    return Errors::give(upgrade_ns(held, limit.ns, data));
  }

  /** The same, until a time point, which is measured once, now. */
  template <class Clock, class Duration>
  [[nodiscard]] answer<bool> upgrade_until(
      guard& held, const std::chrono::time_point<Clock, Duration>& deadline, void* data) const {
    return Errors::give(upgrade_ns(held, detail::until(deadline), data));
  }

  /** Fetches all that lie in the queue, the oldest first. Does not block. */
  [[nodiscard]] answer<std::vector<completion>> drain() const { return Errors::give(all(0)); }

  /** Fetches what lies in the queue, the oldest first. Does not block. A function may call
   *  everything here; it gets what has come meanwhile by the next call. */
  template <class Into, if_into<Into> = 0>
  answer<std::size_t> drain(Into&& into) const {
    return Errors::give(fetch(0, into));
  }

  /** Waits until something lies in the queue and fetches all of it. Blocks for as long as
   *  it takes; a post ends it. */
  [[nodiscard]] answer<std::vector<completion>> wait() const {
    return Errors::give(all(OARLOCK_FOREVER));
  }

  /** Waits until something lies in the queue and fetches it. Blocks for as long as it
   *  takes; a post ends it. */
  template <class Into, if_into<Into> = 0>
  answer<std::size_t> wait(Into&& into) const {
    return Errors::give(fetch(OARLOCK_FOREVER, into));
  }

  /** The same, for at most the timeout: then there are none. */
  template <class Rep, class Period>
  [[nodiscard]] answer<std::vector<completion>> wait_for(
      const std::chrono::duration<Rep, Period>& timeout) const {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) {
      return Errors::give(result<std::vector<completion>>(detail::refused(limit)));
    }
    return Errors::give(all(limit.ns));
  }

  /** The same, for at most the timeout: then it is 0. */
  template <class Rep, class Period, class Into, if_into<Into> = 0>
  answer<std::size_t> wait_for(const std::chrono::duration<Rep, Period>& timeout,
                               Into&& into) const {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) {
      return Errors::give(result<std::size_t>(detail::refused(limit)));
    }
    return Errors::give(fetch(limit.ns, into));
  }

  /** The same, until a time point: then there are none. */
  template <class Clock, class Duration>
  [[nodiscard]] answer<std::vector<completion>> wait_until(
      const std::chrono::time_point<Clock, Duration>& deadline) const {
    return Errors::give(all(detail::until(deadline)));
  }

  /** The same, until a time point: then it is 0. */
  template <class Clock, class Duration, class Into, if_into<Into> = 0>
  answer<std::size_t> wait_until(const std::chrono::time_point<Clock, Duration>& deadline,
                                 Into&& into) const {
    return Errors::give(fetch(detail::until(deadline), into));
  }

  /** Puts a completion of kind post into the queue: to wake a thread that polls or waits,
   *  or to hand it something. Does not block. */
  answer<void> post(void* data = nullptr) const {
    const oarlock_status status = oarlock_queue_post(self().queue.get(), data);
    return Errors::give(status == OARLOCK_OK ? result<void>() : result<void>(why(status)));
  }

  /** The file descriptor, which is readable exactly while something lies in the queue: for
   *  poll, epoll or an event loop. It is the queue's: not to be read or closed. Fails with
   *  OARLOCK_ERR_UNSUPPORTED where the system has none. */
  [[nodiscard]] answer<int> fd() const {
    int fd = -1;
    const oarlock_status status = oarlock_queue_fd(self().queue.get(), &fd);
    if (status != OARLOCK_OK) return Errors::give(result<int>(why(status)));
    return Errors::give(result<int>(fd));
  }

 protected:
  queue_operations() = default;
  queue_operations(const queue_operations&) = default;
  queue_operations& operator=(const queue_operations&) = default;
  ~queue_operations() = default;

 private:
  static constexpr std::size_t batch = 32;
  static constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

  const detail::queue_parts& self() const {
    return detail::target_access::of(static_cast<const Self&>(*this));
  }

  /** The failure that a status is, unless the queue was moved from. */
  failure why(oarlock_status status) const {
    return self().queue == nullptr ? detail::moved_from("queue") : failure(status);
  }

  result<enqueued> enqueue_ns(const claims& wanted, std::int64_t timeout_ns, void* data,
                              const request_options& about) const {
    if (self().queue == nullptr) return detail::moved_from("queue");
    const detail::request asked(self().manager, wanted, about);
    return asked.enqueue(timeout_ns, self().queue.get(), data);
  }

  result<bool> upgrade_ns(guard& of, std::int64_t timeout_ns, void* data) const {
    if (self().queue == nullptr) return detail::moved_from("queue");
    detail::held& held = detail::guard_access::held(of);
    return detail::begin_upgrade(held, [&](oarlock_state* state, std::uint64_t* token,
                                           oarlock_error** error) {
      return oarlock_upgrade_queue(held.manager.get(), held.lock, timeout_ns, self().queue.get(),
                                   data, state, token, error);
    });
  }

  /** Fetches up to so many; OARLOCK_ERR_TIMEOUT is none. */
  oarlock_status take(std::int64_t timeout_ns, oarlock_completion* out, std::size_t capacity,
                      std::size_t& count) const {
    const oarlock_queue* const queue = self().queue.get();
    if (timeout_ns == 0) return oarlock_queue_drain(queue, out, capacity, &count);
    const oarlock_status status = oarlock_queue_wait(queue, timeout_ns, out, capacity, &count);
    return status == OARLOCK_ERR_TIMEOUT ? OARLOCK_OK : status;
  }

  /** Fetches up to `most` and gives each to the function. Nothing may be lost on the way,
   *  so nothing may throw: without memory the program ends. */
  template <class Each>
  result<std::size_t> fetch_each(std::int64_t timeout_ns, std::size_t most,
                                 Each&& each) const noexcept {
    std::array<oarlock_completion, batch> some;
    std::size_t sum = 0;
    while (sum < most) {
      const std::size_t room = most - sum < batch ? most - sum : batch;
      std::size_t count = 0;
      const oarlock_status status = take(sum == 0 ? timeout_ns : 0, some.data(), room, count);
      if (status != OARLOCK_OK) return why(status);
      for (std::size_t i = 0; i < count; ++i) {
        each(detail::completion_access::make(self().manager, some[i]));
      }
      sum += count;
      // What comes meanwhile waits for the next call, so that this one ends.
      if (count < room) break;
    }
    return sum;
  }

  result<std::vector<completion>> all(std::int64_t timeout_ns) const {
    std::vector<completion> fetched;
    const result<std::size_t> count =
        fetch_each(timeout_ns, any_number,
                   [&](completion&& one) { fetched.push_back(std::move(one)); });
    if (!count) return count.error();
    return fetched;
  }

  template <class Into>
  result<std::size_t> fetch(std::int64_t timeout_ns, Into& into) const {
    if constexpr (detail::hears<Into, completion&&>) {
      static_assert(detail::is_callback<Into, completion&&>,
                    "a callback must be noexcept: [](oarlock::completion&&) noexcept { ... }");
      return fetch_each(timeout_ns, any_number, into);
    } else {
      completion* next = std::data(into);
      return fetch_each(timeout_ns, std::size(into),
                        [&](completion&& one) { *next++ = std::move(one); });
    }
  }
};

/** A queue for the outcomes of requests and upgrades of one manager that had to wait, to be
 *  fetched in batches by a thread that waits for many: by an event loop, since its file
 *  descriptor can be polled. Only what had to wait comes through it.
 *
 *  Move-only. Its destructor cancels what waits for it still, and releases what was granted
 *  and not fetched; nobody may be in a call of it then. */
class queue : public queue_operations<queue, throwing> {
 public:
  /** A queue for this manager, with nothing in it. */
  explicit queue(const manager& of) : queue(make(of).value()) {}

  /** The same, returning a failure. */
  static result<queue> make(const manager& of) {
    if (of.native() == nullptr) return detail::moved_from("manager");
    oarlock_queue* made = nullptr;
    detail::outcome done =
        detail::attempt([&](oarlock_error** error) { return oarlock_queue_new(&made, error); });
    if (!done.ok()) return std::move(done).why();
    return queue(detail::manager_access::of(of), made);
  }

  /** The same calls, returning failures. */
  nothrow_view<queue_operations, const queue> nothrow() const& noexcept {
    return nothrow_view<queue_operations, const queue>(*this);
  }
  void nothrow() const&& = delete;

  /** The C object, valid while this lives. */
  const oarlock_queue* native() const noexcept { return parts_.queue.get(); }

 private:
  friend struct detail::target_access;
  queue(const detail::handle& manager, oarlock_queue* made)
      : parts_{manager, std::unique_ptr<oarlock_queue, detail::queue_parts::free>(made)} {}
  const detail::queue_parts& target() const noexcept { return parts_; }

  detail::queue_parts parts_;
};

}  // namespace oarlock

#endif  // OARLOCK_QUEUE_HPP
