/* lockable.hpp: the standard library's requirements on mutexes, to be asserted. A part
 * of oarlock.hpp. */
#ifndef OARLOCK_LOCKABLE_HPP
#define OARLOCK_LOCKABLE_HPP

#include <chrono>
#include <type_traits>
#include <utility>

namespace oarlock {

namespace detail {

template <class M, class = void>
struct basic_lockable : std::false_type {};
template <class M>
struct basic_lockable<M, std::void_t<decltype(std::declval<M&>().lock()),
                                     decltype(std::declval<M&>().unlock())>> : std::true_type {};

template <class M, class = void>
struct lockable : std::false_type {};
template <class M>
struct lockable<M, std::enable_if_t<std::is_same_v<decltype(std::declval<M&>().try_lock()), bool>>>
    : basic_lockable<M> {};

using some_time = std::chrono::milliseconds;
using some_day = std::chrono::system_clock::time_point;

template <class M, class = void>
struct timed_lockable : std::false_type {};
template <class M>
struct timed_lockable<
    M,
    std::enable_if_t<
        std::is_same_v<decltype(std::declval<M&>().try_lock_for(some_time())), bool> &&
        std::is_same_v<decltype(std::declval<M&>().try_lock_until(some_day())), bool>>>
    : lockable<M> {};

template <class M, class = void>
struct shared_lockable : std::false_type {};
template <class M>
struct shared_lockable<
    M, std::enable_if_t<std::is_void_v<decltype(std::declval<M&>().lock_shared())> &&
                        std::is_void_v<decltype(std::declval<M&>().unlock_shared())> &&
                        std::is_same_v<decltype(std::declval<M&>().try_lock_shared()), bool>>>
    : std::true_type {};

template <class M, class = void>
struct shared_timed_lockable : std::false_type {};
template <class M>
struct shared_timed_lockable<
    M,
    std::enable_if_t<
        std::is_same_v<decltype(std::declval<M&>().try_lock_shared_for(some_time())), bool> &&
        std::is_same_v<decltype(std::declval<M&>().try_lock_shared_until(some_day())), bool>>>
    : shared_lockable<M> {};

}  // namespace detail

/** Whether M is BasicLockable: for std::lock_guard and std::condition_variable_any. */
template <class M>
inline constexpr bool is_basic_lockable_v = detail::basic_lockable<M>::value;

/** Whether M is Lockable: for std::scoped_lock and std::lock of several. */
template <class M>
inline constexpr bool is_lockable_v = detail::lockable<M>::value;

/** Whether M is TimedLockable: for std::unique_lock with a time. */
template <class M>
inline constexpr bool is_timed_lockable_v = detail::timed_lockable<M>::value;

/** Whether M is SharedLockable: for std::shared_lock. */
template <class M>
inline constexpr bool is_shared_lockable_v = detail::shared_lockable<M>::value;

/** Whether M is SharedTimedLockable: for std::shared_lock with a time. */
template <class M>
inline constexpr bool is_shared_timed_lockable_v = detail::shared_timed_lockable<M>::value;

}  // namespace oarlock

#endif  // OARLOCK_LOCKABLE_HPP
