/* callback.hpp: functions of the caller's, as C calls them. A part of oarlock.hpp. */
#ifndef OARLOCK_CALLBACK_HPP
#define OARLOCK_CALLBACK_HPP

#include <memory>
#include <type_traits>
#include <utility>

#include "handle.hpp"
#include "result.hpp"

namespace oarlock {
namespace detail {

/** Whether a function can be told this. */
template <class Done, class... Told>
constexpr bool hears = std::is_invocable_v<std::decay_t<Done>&, Told...>;

/** An exception has nowhere to go from a callback, so one that could throw is
 *  refused where it is compiled. (Without exceptions there is nothing to refuse.) */
template <class Done, class... Told>
constexpr bool is_callback =
    !OARLOCK_EXCEPTIONS || std::is_nothrow_invocable_v<std::decay_t<Done>&, Told...>;

/** A function of the caller's and what it needs, as C's user data. Make builds what
 *  it is told from what C tells. */
template <class Done, class Make>
class callback {
 public:
  callback(keeper manager, Done done) : manager_(std::move(manager)), done_(std::move(done)) {}

  static void call(void* self, oarlock_status status, oarlock_lock lock, std::uint64_t token,
                   const oarlock_error* error) noexcept {
    auto& kept = *static_cast<callback*>(self);
    if (status == OARLOCK_OK) {
      kept.done_(Make::told(kept.manager_, lock, token));
    } else {
      kept.done_(failure::copied(status, error));
    }
  }

  static void drop(void* self) noexcept { delete static_cast<callback*>(self); }

 private:
  keeper manager_;
  Done done_;
};

}  // namespace detail
}  // namespace oarlock

#endif  // OARLOCK_CALLBACK_HPP
