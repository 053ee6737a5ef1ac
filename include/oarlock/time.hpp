/* time.hpp: std::chrono's times as the library's. A part of oarlock.hpp. */
#ifndef OARLOCK_TIME_HPP
#define OARLOCK_TIME_HPP

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>
#include <type_traits>

#include "result.hpp"

namespace oarlock {
namespace detail {

/** A duration as nanoseconds, rounded up, or what is wrong with it. One that is too large
 *  to be counted is OARLOCK_FOREVER. */
struct span {
  std::int64_t ns;
  oarlock_status status;  // OARLOCK_OK or INVALID_TIMEOUT
};

/** Reads a duration of any unit, without overflowing. */
template <class Rep, class Period>
span nanoseconds(const std::chrono::duration<Rep, Period>& timeout) noexcept {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  using unit = std::ratio_divide<Period, std::nano>;
  if constexpr (std::is_integral_v<Rep> && sizeof(Rep) <= 8 && unit::den == 1) {
    if (timeout < timeout.zero()) return {0, OARLOCK_ERR_INVALID_TIMEOUT};
    const auto count = static_cast<std::uint64_t>(timeout.count());
    if (count > static_cast<std::uint64_t>(most / unit::num)) {
      return {OARLOCK_FOREVER, OARLOCK_OK};
    }
    return {static_cast<std::int64_t>(count) * unit::num, OARLOCK_OK};
  } else {
    // Too large and not a number are told apart before anything is an integer.
    using floating = std::chrono::duration<long double, std::nano>;
    const long double wanted = floating(timeout).count();
    if (!(wanted >= 0)) return {0, OARLOCK_ERR_INVALID_TIMEOUT};
    if (wanted >= static_cast<long double>(most)) return {OARLOCK_FOREVER, OARLOCK_OK};
    const auto whole = static_cast<std::int64_t>(wanted);
    return {static_cast<long double>(whole) < wanted ? whole + 1 : whole, OARLOCK_OK};
  }
}

/** The message that only C++ can need: C has no timeouts that are no numbers. */
inline failure refused(span timeout) {
  return failure(timeout.status, "the timeout is negative or not a number");
}

/** What is left until a time point: 0 when it has passed, OARLOCK_FOREVER when it
 *  is further away than can be counted. */
template <class Clock, class Duration>
std::int64_t until(const std::chrono::time_point<Clock, Duration>& deadline) {
  const auto now = Clock::now();
  constexpr bool alike = std::is_same_v<Duration, typename Clock::duration>;
  if constexpr (alike) {
    if (now >= deadline) return 0;
  }
  // As floating numbers, which do not overflow: different units are not compared exactly,
  // and the difference of two time points can be too large for both.
  using floating = std::chrono::duration<long double, std::nano>;
  const floating left = floating(deadline.time_since_epoch()) - floating(now.time_since_epoch());
  const span rounded = nanoseconds(left);
  return rounded.ns == 0 && alike ? 1 : rounded.ns;
}

/** The same for a duration as the standard library's locks take it: what is
 *  negative has passed. */
template <class Rep, class Period>
std::int64_t at_most(const std::chrono::duration<Rep, Period>& timeout) noexcept {
  const span rounded = nanoseconds(timeout);
  return rounded.status == OARLOCK_OK ? rounded.ns : 0;
}

/** Waits, by a function of a timeout that gives a result, until a time point.
 *  Clocks may be set, or go slower than the one that timeouts are measured by: when
 *  one has not come to the time point yet, it is waited for again. */
template <class Clock, class Duration, class Wait>
auto wait_until(const std::chrono::time_point<Clock, Duration>& deadline, Wait wait) {
  for (;;) {
    auto done = wait(until(deadline));
    if constexpr (std::is_same_v<Clock, std::chrono::steady_clock>) {
      return done;
    } else {
      if (done.code() != OARLOCK_ERR_TIMEOUT || until(deadline) == 0) return done;
    }
  }
}

}  // namespace detail
}  // namespace oarlock

#endif  // OARLOCK_TIME_HPP
