/* upgrade.hpp: turning reads into writes. A part of oarlock.hpp. */
#ifndef OARLOCK_UPGRADE_HPP
#define OARLOCK_UPGRADE_HPP

#include <chrono>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

#include "answer.hpp"
#include "callback.hpp"
#include "claim.hpp"
#include "time.hpp"

namespace oarlock {

/** Where the upgrade of a request stands. */
enum class upgrade_state : std::int32_t {
  waiting = OARLOCK_WAITING,           ///< it waits for other holders
  granted = OARLOCK_GRANTED,           ///< the request writes all that it claims
  not_upgraded = OARLOCK_NOT_UPGRADED  ///< none was begun, or it ended without the grant
};

namespace detail {

/** What a guard holds. */
struct held {
  held() noexcept = default;
  held(keeper of, lock_id id, std::uint64_t its) noexcept
      : manager(std::move(of)), lock(id), token(its) {}
  held(held&& other) noexcept
      : manager(std::move(other.manager)),
        lock(std::exchange(other.lock, 0)),
        token(std::exchange(other.token, 0)),
        upgrading(std::exchange(other.upgrading, false)) {}
  held& operator=(held&& other) noexcept {
    manager = std::move(other.manager);
    lock = std::exchange(other.lock, 0);
    token = std::exchange(other.token, 0);
    upgrading = std::exchange(other.upgrading, false);
    return *this;
  }

  keeper manager;
  lock_id lock = 0;
  std::uint64_t token = 0;  // as it was when this object last heard of one
  bool upgrading = false;   // an upgrade was begun, so the library knows better
};

/** Of any call of an empty guard. */
inline failure empty_guard() {
  return failure(OARLOCK_ERR_STALE, "the guard is empty: it was released or moved from");
}

/** Begins an upgrade by a C call: whether it is granted at once. */
template <class Call>
result<bool> begin_upgrade(held& of, Call call) {
  if (of.lock == 0) return empty_guard();
  oarlock_state state = 0;
  std::uint64_t token = 0;
  outcome done = attempt([&](oarlock_error** error) { return call(&state, &token, error); });
  if (!done.ok()) return std::move(done).why();
  if (state == OARLOCK_GRANTED) of.token = token;
  of.upgrading = state != OARLOCK_GRANTED;
  return state == OARLOCK_GRANTED;
}

/** The function of an upgrade is told its new token. */
struct make_token {
  static result<std::uint64_t> told(const keeper&, lock_id, std::uint64_t token) { return token; }
};

}  // namespace detail

/** All reads of a granted request become writes; their limits go, and there is a new
 *  token. An upgrade waits for other holders only, ahead of all requests that wait,
 *  and the request holds what it held meanwhile and whenever it fails. Of two
 *  upgraders of one path the second is refused with deadlock_error.
 *
 *  The calls of a guard, and of its nothrow() view. */
template <class Self, class Errors>
class upgrade_operations {
  template <class T>
  using answer = typename Errors::template answer<T>;
  template <class Done>
  using if_hears = std::enable_if_t<
      detail::hears<Done, result<std::uint64_t>> || detail::hears<Done, std::uint64_t>, int>;

 public:
  /** Upgrades. Blocks for as long as it takes. */
  answer<void> upgrade() { return Errors::give(upgrade_ns(OARLOCK_FOREVER)); }

  /** Upgrades if that is possible at once, else it is false. Does not block. */
  [[nodiscard]] answer<bool> try_upgrade() {
    const result<void> done = upgraded([&](std::uint64_t* token, oarlock_error**) {
      return oarlock_try_upgrade(manager(), lock(), token, nullptr);
    });
    if (done || done.code() == OARLOCK_ERR_WOULD_BLOCK) {
      return Errors::give(result<bool>(done.has_value()));
    }
    return Errors::give(result<bool>(done.error()));
  }

  /** Upgrades. Blocks for at most the timeout, then fails with timeout_error and is
   *  taken back; 0 tries. A negative timeout is an error. */
  template <class Rep, class Period>
  answer<void> upgrade_for(const std::chrono::duration<Rep, Period>& timeout) {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return Errors::give(result<void>(detail::refused(limit)));
    return Errors::give(upgrade_ns(limit.ns));
  }

  /** The same, until a time point; one that has passed tries. */
  template <class Clock, class Duration>
  answer<void> upgrade_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return Errors::give(
        detail::wait_until(deadline, [this](std::int64_t ns) { return upgrade_ns(ns); }));
  }

  /** Begins an upgrade and returns at once: true if it was granted. Else it waits, and
   *  done(result<std::uint64_t>) is told the new token or why there is none: exactly
   *  once, as a request's function is (manager_operations::enqueue), and
   *  OARLOCK_ERR_CANCELLED when the guard goes first. It must be noexcept. */
  template <class Done, if_hears<Done> = 0>
  [[nodiscard]] answer<bool> upgrade(Done&& done) {
    return Errors::give(upgrade_told(OARLOCK_FOREVER, std::forward<Done>(done)));
  }

  /** The same, for at most the timeout: then it is told OARLOCK_ERR_TIMEOUT on a thread
   *  of the library's. A timeout of 0 that would wait fails at once. */
  template <class Rep, class Period, class Done, if_hears<Done> = 0>
  [[nodiscard]] answer<bool> upgrade_for(const std::chrono::duration<Rep, Period>& timeout,
                                         Done&& done) {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return Errors::give(result<bool>(detail::refused(limit)));
    return Errors::give(upgrade_told(limit.ns, std::forward<Done>(done)));
  }

  /** The same, until a time point, which is measured once, now. */
  template <class Clock, class Duration, class Done, if_hears<Done> = 0>
  [[nodiscard]] answer<bool> upgrade_until(
      const std::chrono::time_point<Clock, Duration>& deadline, Done&& done) {
    return Errors::give(upgrade_told(detail::until(deadline), std::forward<Done>(done)));
  }

  /** Begins an upgrade and returns at once: true if it was granted. Else it waits, and
   *  upgrade_state, wait_upgrade or cancel_upgrade go on with it. Does not block. */
  [[nodiscard]] answer<bool> enqueue_upgrade() {
    const auto call = [&](oarlock_state* state, std::uint64_t* token, oarlock_error** error) {
      return oarlock_upgrade_enqueue(manager(), lock(), state, token, error);
    };
    return Errors::give(detail::begin_upgrade(held(), call));
  }

  /** Waits for an upgrade that was begun. Blocks for as long as it takes. */
  answer<void> wait_upgrade() { return Errors::give(wait_ns(OARLOCK_FOREVER)); }

  /** The same, for at most the timeout: then it fails with timeout_error and the upgrade
   *  is taken back. */
  template <class Rep, class Period>
  answer<void> wait_upgrade_for(const std::chrono::duration<Rep, Period>& timeout) {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return Errors::give(result<void>(detail::refused(limit)));
    return Errors::give(wait_ns(limit.ns));
  }

  /** The same, until a time point, which is measured once, now. */
  template <class Clock, class Duration>
  answer<void> wait_upgrade_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return Errors::give(wait_ns(detail::until(deadline)));
  }

  /** Where the upgrade stands. Does not block. */
  [[nodiscard]] answer<oarlock::upgrade_state> upgrade_state() {
    oarlock_state state = 0;
    std::uint64_t token = 0;
    const oarlock_status status = oarlock_upgrade_state(manager(), lock(), &state, &token);
    if (status != OARLOCK_OK) {
      return Errors::give(result<oarlock::upgrade_state>(why(status)));
    }
    if (state == OARLOCK_GRANTED) held().token = token;
    return Errors::give(result<oarlock::upgrade_state>(static_cast<oarlock::upgrade_state>(state)));
  }

  /** Takes back an upgrade that waits. False if none waits: it was granted, or ended,
   *  before. Does not block; its function, and those of requests that this lets in, run
   *  inside. */
  answer<bool> cancel_upgrade() {
    const oarlock_status status = oarlock_upgrade_cancel(manager(), lock());
    if (status == OARLOCK_OK || (status == OARLOCK_ERR_STALE && lock() != 0)) {
      return Errors::give(result<bool>(status == OARLOCK_OK));
    }
    return Errors::give(result<bool>(why(status)));
  }

 protected:
  upgrade_operations() = default;
  upgrade_operations(const upgrade_operations&) = default;
  upgrade_operations& operator=(const upgrade_operations&) = default;
  ~upgrade_operations() = default;

  /** What the guard holds. */
  detail::held& held() { return detail::target_access::of(static_cast<Self&>(*this)); }

  /** The failure that a status is, unless the guard is empty. */
  failure why(oarlock_status status) {
    return lock() == 0 ? detail::empty_guard() : failure(status);
  }

 private:
  oarlock_manager* manager() { return held().manager.get(); }
  lock_id lock() { return held().lock; }

  template <class Call>
  result<void> upgraded(Call call) {
    if (lock() == 0) return detail::empty_guard();
    std::uint64_t token = 0;
    detail::outcome done =
        detail::attempt([&](oarlock_error** error) { return call(&token, error); });
    if (!done.ok()) return std::move(done).why();
    held().token = token;
    held().upgrading = false;
    return {};
  }

  result<void> upgrade_ns(std::int64_t timeout_ns) {
    return upgraded([&](std::uint64_t* token, oarlock_error** error) {
      return oarlock_upgrade(manager(), lock(), timeout_ns, token, error);
    });
  }

  result<void> wait_ns(std::int64_t timeout_ns) {
    return upgraded([&](std::uint64_t* token, oarlock_error** error) {
      return oarlock_upgrade_wait(manager(), lock(), timeout_ns, token, error);
    });
  }

  template <class Done>
  result<bool> upgrade_told(std::int64_t timeout_ns, Done&& done) {
    if constexpr (!detail::hears<Done, result<std::uint64_t>>) {
      static_assert(detail::hears<Done, result<std::uint64_t>>,
                    "a callback takes the token or why there is none: "
                    "[](oarlock::result<std::uint64_t> token) noexcept { ... }");
      return failure(OARLOCK_ERR_INTERNAL);
    } else {
      static_assert(detail::is_callback<Done, result<std::uint64_t>>,
                    "a callback must be noexcept: [](auto token) noexcept { ... }");
      using kept_type = detail::callback<std::decay_t<Done>, detail::make_token>;
      auto kept = std::make_unique<kept_type>(held().manager, std::forward<Done>(done));
      const auto call = [&](oarlock_state* state, std::uint64_t* token, oarlock_error** error) {
        return oarlock_upgrade_callback(manager(), lock(), timeout_ns, kept_type::call,
                                        kept.release(), kept_type::drop, state, token, error);
      };
      return detail::begin_upgrade(held(), call);
    }
  }
};

}  // namespace oarlock

#endif  // OARLOCK_UPGRADE_HPP
