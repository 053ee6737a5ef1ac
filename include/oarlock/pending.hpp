/* pending.hpp: requests that wait for somebody to ask for them, or for a function.
 * A part of oarlock.hpp. */
#ifndef OARLOCK_PENDING_HPP
#define OARLOCK_PENDING_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "guard.hpp"

namespace oarlock {

namespace detail {

struct pending_access;

/** A request that is to be ended, or to become a guard. */
struct waiting {
  keeper manager;
  lock_id lock = 0;
};

}  // namespace detail

/** The calls of a pending, and of its nothrow() view. */
template <class Self, class Errors>
class pending_operations {
  template <class T>
  using answer = typename Errors::template answer<T>;
  template <class T>
  using chance = typename Errors::template chance<T>;

 public:
  /** Whether the request is granted. Does not block. */
  [[nodiscard]] answer<bool> granted() const {
    oarlock_state state = 0;
    const detail::waiting& it = self();
    const oarlock_status status =
        it.lock == 0 ? OARLOCK_ERR_STALE : oarlock_lock_state(it.manager.get(), it.lock, &state);
    if (status != OARLOCK_OK) return Errors::give(result<bool>(why(status)));
    return Errors::give(result<bool>(state == OARLOCK_GRANTED));
  }

  /** Waits for the grant. Blocks for as long as it takes. Fails with cancelled_error or
   *  closed_error when the request ends without one. */
  answer<guard> wait() { return Errors::give(wait_ns(OARLOCK_FOREVER)); }

  /** Waits for the grant, for at most the timeout. Nothing when the time is up
   *  (OARLOCK_ERR_TIMEOUT of the view): the request keeps its place. Blocks. Fails as
   *  wait. */
  template <class Rep, class Period>
  [[nodiscard]] chance<guard> wait_for(const std::chrono::duration<Rep, Period>& timeout) {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return give(detail::refused(limit));
    return give(wait_ns(limit.ns));
  }

  /** The same, until a time point; one that has passed only looks. */
  template <class Clock, class Duration>
  [[nodiscard]] chance<guard> wait_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return give(detail::wait_until(deadline, [this](std::int64_t ns) { return wait_ns(ns); }));
  }

  /** Cancels, unless the grant won: then it is false, and wait gives the guard at once.
   *  Does not block; callbacks of requests that this lets in run inside. */
  answer<bool> cancel() {
    detail::waiting& it = self();
    const oarlock_status status =
        it.lock == 0 ? OARLOCK_ERR_STALE : oarlock_cancel(it.manager.get(), it.lock);
    if (status == OARLOCK_OK) it.lock = 0;
    if (status == OARLOCK_OK || status == OARLOCK_ERR_GRANTED) {
      return Errors::give(result<bool>(status == OARLOCK_OK));
    }
    return Errors::give(result<bool>(why(status)));
  }

 protected:
  pending_operations() = default;
  pending_operations(const pending_operations&) = default;
  pending_operations& operator=(const pending_operations&) = default;
  ~pending_operations() = default;

 private:
  detail::waiting& self() { return detail::target_access::of(static_cast<Self&>(*this)); }
  const detail::waiting& self() const {
    return const_cast<pending_operations*>(this)->self();  // no more than read
  }

  /** The failure that a status is, unless it is empty. */
  failure why(oarlock_status status) const {
    if (self().lock != 0) return failure(status);
    return failure(OARLOCK_ERR_STALE,
                   "the pending is empty: its request has ended or become a guard, or it was "
                   "moved from");
  }

  static chance<guard> give(result<guard> from) {
    return Errors::give_unless(OARLOCK_ERR_TIMEOUT, std::move(from));
  }

  result<guard> wait_ns(std::int64_t timeout_ns) {
    detail::waiting& it = self();
    if (it.lock == 0) return why(OARLOCK_ERR_STALE);
    std::uint64_t token = 0;
    detail::outcome done = detail::attempt([&](oarlock_error** error) {
      // A look at what waits still is no failure worth a message.
      return oarlock_wait(it.manager.get(), it.lock, timeout_ns, &token,
                          timeout_ns == 0 ? nullptr : error);
    });
    if (done.ok()) {
      return detail::guard_access::make(std::move(it.manager), std::exchange(it.lock, 0), token);
    }
    switch (done.code()) {
      case OARLOCK_ERR_CANCELLED:
      case OARLOCK_ERR_CLOSED:
        it.lock = 0;
        break;
      default:
        break;
    }
    return std::move(done).why();
  }
};

/** A request with its place in the queue, waiting or granted. Its destructor ends it.
 *  Move-only; empty after a move, or once a wait gave a guard or the request ended. */
class [[nodiscard]] pending : public pending_operations<pending, throwing> {
 public:
  /** An empty one. */
  pending() noexcept = default;
  /** Takes the other one's request. */
  pending(pending&& other) noexcept
      : it_{std::move(other.it_.manager), std::exchange(other.it_.lock, 0)} {}
  /** Takes the other one's request, and ends its own. */
  pending& operator=(pending&& other) noexcept {
    pending taken(std::move(other));
    std::swap(it_, taken.it_);
    return *this;
  }
  pending(const pending&) = delete;
  pending& operator=(const pending&) = delete;
  ~pending() {
    if (it_.lock != 0) oarlock_release(it_.manager.get(), it_.lock);
  }

  /** The same calls, returning failures. */
  nothrow_view<pending_operations, pending> nothrow() & noexcept {
    return nothrow_view<pending_operations, pending>(*this);
  }

  /** The request's id, for manager::cancel and manager::release; 0 if empty. To be
   *  read before another thread is in a wait. */
  lock_id id() const noexcept { return it_.lock; }

  /** Whether there is a request. */
  explicit operator bool() const noexcept { return it_.lock != 0; }

 private:
  friend struct detail::pending_access;
  friend struct detail::target_access;
  pending(detail::keeper manager, lock_id lock) noexcept : it_{std::move(manager), lock} {}
  detail::waiting& target() noexcept { return it_; }

  detail::waiting it_;
};

/** The calls of a ticket, and of its nothrow() view. */
template <class Self, class Errors>
class ticket_operations {
  template <class T>
  using answer = typename Errors::template answer<T>;

 public:
  /** Cancels: the function is told OARLOCK_ERR_CANCELLED inside this call, and a queue
   *  gets a completion that says so. False when there is, or will be, another outcome.
   *  Does not block. */
  answer<bool> cancel() {
    const detail::waiting& it = detail::target_access::of(static_cast<Self&>(*this));
    if (it.manager == nullptr) return Errors::give(result<bool>(detail::moved_from("ticket")));
    const oarlock_status status = oarlock_cancel(it.manager.get(), it.lock);
    if (status == OARLOCK_OK || status == OARLOCK_ERR_GRANTED || status == OARLOCK_ERR_STALE) {
      return Errors::give(result<bool>(status == OARLOCK_OK));
    }
    return Errors::give(result<bool>(failure(status)));
  }

 protected:
  ticket_operations() = default;
  ticket_operations(const ticket_operations&) = default;
  ticket_operations& operator=(const ticket_operations&) = default;
  ~ticket_operations() = default;
};

/** A request that waits for its function or its queue. Dropping the ticket changes
 *  nothing; copies are the same. */
class ticket : public ticket_operations<ticket, throwing> {
 public:
  /** The same calls, returning failures. */
  nothrow_view<ticket_operations, ticket> nothrow() & noexcept {
    return nothrow_view<ticket_operations, ticket>(*this);
  }

  /** The request's id, for manager::cancel and manager::release. */
  lock_id id() const noexcept { return it_.lock; }

 private:
  friend struct detail::pending_access;
  friend struct detail::target_access;
  ticket(detail::keeper manager, lock_id lock) noexcept : it_{std::move(manager), lock} {}
  detail::waiting& target() noexcept { return it_; }

  detail::waiting it_;
};

namespace detail {

/** Makes pending requests and tickets. */
struct pending_access {
  static pending make(keeper manager, lock_id lock) noexcept {
    return pending(std::move(manager), lock);
  }
  static ticket make_ticket(keeper manager, lock_id lock) noexcept {
    return ticket(std::move(manager), lock);
  }
};

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_PENDING_HPP
