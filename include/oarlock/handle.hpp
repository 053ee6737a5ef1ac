/* handle.hpp: who keeps a manager alive. A part of oarlock.hpp. */
#ifndef OARLOCK_HANDLE_HPP
#define OARLOCK_HANDLE_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "../oarlock.h"

namespace oarlock {
namespace detail {

/** A C handle that lives as long as any keeper of it. */
using keeper = std::shared_ptr<oarlock_manager>;

/** Where this thread is: its address is cheap to have, and every thread's another. */
inline thread_local const char here = 0;

/** One of `count` places, mostly another one in every thread; a power of two. */
inline std::size_t place_of_thread(std::size_t count) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(&here);
  const std::uint64_t mixed = (std::uint64_t(address) >> 4) * 0x9E3779B97F4A7C15u;
  return static_cast<std::uint16_t>(mixed >> 48) & (count - 1);
}

/** What the copies of a manager share: the C handle and several keepers of it, so
 *  that threads do not count the references of all their guards in one place. */
class handle {
 public:
  handle() noexcept = default;
  handle(const handle&) noexcept = default;
  handle(handle&& other) noexcept
      : manager_(std::exchange(other.manager_, nullptr)), keepers_(std::move(other.keepers_)) {}
  handle& operator=(handle other) noexcept {
    std::swap(manager_, other.manager_);
    keepers_.swap(other.keepers_);
    return *this;
  }
  ~handle() = default;

  /** Takes a C handle over, to free it when nobody needs it any more. */
  static handle adopt(oarlock_manager* manager) {
    handle made;
    const keeper root(manager, oarlock_manager_free);
    auto shared = std::make_shared<keepers>();
    for (keeper& one : *shared) one = keeper(manager, apart{root, {}});
    made.manager_ = manager;
    made.keepers_ = std::move(shared);
    return made;
  }

  /** The C handle; NULL after a move. */
  oarlock_manager* get() const noexcept { return manager_; }

  /** A keeper, for what may outlive this. */
  keeper keep() const noexcept {
    return keepers_ ? (*keepers_)[place_of_thread(spread)] : keeper();
  }

 private:
  static constexpr std::size_t spread = 16;
  using keepers = std::array<keeper, spread>;

  /** Keeps the root, and its own count away from the others' cache lines. */
  struct apart {
    keeper root;
    std::array<char, 128> room;
    void operator()(oarlock_manager*) noexcept { root.reset(); }
  };

  oarlock_manager* manager_ = nullptr;
  std::shared_ptr<const keepers> keepers_;
};

}  // namespace detail
}  // namespace oarlock

#endif  // OARLOCK_HANDLE_HPP
