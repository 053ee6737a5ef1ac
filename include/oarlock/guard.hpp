/* guard.hpp: a granted request, and what its holder can do with it. A part of
 * oarlock.hpp. */
#ifndef OARLOCK_GUARD_HPP
#define OARLOCK_GUARD_HPP

#include <cstdint>
#include <utility>

#include "upgrade.hpp"

namespace oarlock {

namespace detail {
struct guard_access;
}  // namespace detail

/** What a holder can do with a granted request: the calls of a guard, and of its
 *  nothrow() view. Each fails with OARLOCK_ERR_STALE if the guard is empty. */
template <class Self, class Errors>
class guard_operations : public upgrade_operations<Self, Errors> {
  template <class T>
  using answer = typename Errors::template answer<T>;

 public:
  /** Releases now. Fails with OARLOCK_ERR_STALE if the guard is empty or somebody
   *  has released the request by its id; the guard is empty then, too. Does not
   *  block; callbacks of requests that this lets in run inside. */
  answer<void> release() {
    const detail::held taken = std::move(this->held());
    if (taken.lock == 0) return Errors::give(result<void>(detail::empty_guard()));
    const oarlock_status status = oarlock_release(taken.manager.get(), taken.lock);
    return Errors::give(status == OARLOCK_OK ? result<void>() : result<void>(failure(status)));
  }

  /** Turns all writes into plain reads, at once. Does not block; callbacks of
   *  requests that this lets in run inside. */
  answer<void> downgrade() {
    const detail::held& held = this->held();
    const oarlock_status status = oarlock_downgrade(held.manager.get(), held.lock);
    return Errors::give(status == OARLOCK_OK ? result<void>() : result<void>(this->why(status)));
  }

  /** Releases the claim on exactly this path. False if it was the last one: then the
   *  request has ended and the guard is empty. Fails with OARLOCK_ERR_NOT_CLAIMED if
   *  there is none. Does not block; callbacks of requests that this lets in run
   *  inside. */
  answer<bool> release_part(const path& part) {
    detail::held& held = this->held();
    if (held.lock == 0) return Errors::give(result<bool>(detail::empty_guard()));
    const detail::c_path c_part(part);
    detail::outcome done = detail::path_access::check(part);
    if (done.ok()) {
      done = detail::attempt([&](oarlock_error** error) {
        return oarlock_release_part(held.manager.get(), held.lock, c_part.get(), error);
      });
    }
    if (!done.ok()) return Errors::give(result<bool>(std::move(done).why()));
    oarlock_state state = 0;
    const bool ended =
        oarlock_lock_state(held.manager.get(), held.lock, &state) == OARLOCK_ERR_STALE;
    if (ended) held = detail::held();
    return Errors::give(result<bool>(!ended));
  }

 protected:
  guard_operations() = default;
  guard_operations(const guard_operations&) = default;
  guard_operations& operator=(const guard_operations&) = default;
  ~guard_operations() = default;
};

/** A granted request. Its destructor releases it. Move-only; may be empty after a
 *  move or a release. Belongs to no thread, but is used by one at a time. */
class [[nodiscard]] guard : public guard_operations<guard, throwing> {
 public:
  /** An empty guard. */
  guard() noexcept = default;
  /** Takes what the other one holds. */
  guard(guard&& other) noexcept : held_(std::move(other.held_)) {}
  /** Takes what the other one holds, and releases what this one held. */
  guard& operator=(guard&& other) noexcept {
    guard taken(std::move(other));
    std::swap(held_, taken.held_);
    return *this;
  }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;
  ~guard() {
    if (held_.lock != 0) oarlock_release(held_.manager.get(), held_.lock);
  }

  /** The same calls, returning failures. */
  nothrow_view<guard_operations, guard> nothrow() & noexcept {
    return nothrow_view<guard_operations, guard>(*this);
  }

  /** The fencing token: of two conflicting requests the later one has the greater
   *  token, and an upgrade gives a new one. 0 if the guard is empty. */
  std::uint64_t token() const noexcept {
    std::uint64_t now = 0;
    // An upgrade that was begun can be granted at any time.
    const bool told = held_.upgrading && oarlock_lock_token(held_.manager.get(), held_.lock,
                                                            &now) == OARLOCK_OK;
    return told ? now : held_.token;
  }

  /** The request's id, for manager::release and the like; 0 if the guard is empty. */
  lock_id id() const noexcept { return held_.lock; }

  /** Whether it holds a request. */
  explicit operator bool() const noexcept { return held_.lock != 0; }

  /** Gives the request up without releasing it: manager::adopt or manager::release
   *  go on with its id, which this returns. */
  [[nodiscard]] lock_id detach() noexcept {
    const detail::held taken(std::move(held_));
    return taken.lock;
  }

 private:
  friend struct detail::guard_access;
  friend struct detail::target_access;
  guard(detail::keeper manager, lock_id lock, std::uint64_t token) noexcept
      : held_(std::move(manager), lock, token) {}
  detail::held& target() noexcept { return held_; }

  detail::held held_;
};

namespace detail {

/** Makes guards, and sees what they hold. */
struct guard_access {
  static guard make(keeper manager, lock_id lock, std::uint64_t token) noexcept {
    return guard(std::move(manager), lock, token);
  }
  static struct held& held(guard& of) noexcept { return of.held_; }
};

/** The function of a request is told its guard. */
struct make_guard {
  static result<guard> told(const keeper& manager, lock_id lock, std::uint64_t token) {
    return guard_access::make(manager, lock, token);
  }
};

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_GUARD_HPP
