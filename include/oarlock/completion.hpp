/* completion.hpp: an outcome that lay in a queue. A part of oarlock.hpp. */
#ifndef OARLOCK_COMPLETION_HPP
#define OARLOCK_COMPLETION_HPP

#include <cstdint>
#include <memory>
#include <utility>

#include "guard.hpp"

namespace oarlock {

namespace detail {
struct completion_access;
}  // namespace detail

/** What a completion is the outcome of. */
enum class completion_kind : std::int32_t {
  acquire = OARLOCK_COMPLETION_ACQUIRE,  ///< a request
  upgrade = OARLOCK_COMPLETION_UPGRADE,  ///< an upgrade of a guard
  post = OARLOCK_COMPLETION_POST         ///< queue::post, of nothing
};

/** One outcome of something that had to wait. Owns the lock of a request that was
 *  granted: its destructor releases it unless it was taken. Move-only. */
class [[nodiscard]] completion {
 public:
  /** An empty one, as the place for another. */
  completion() noexcept = default;

  /** What it is the outcome of. */
  completion_kind kind() const noexcept { return kind_; }

  /** What the call that began the wait was given. */
  void* data() const noexcept { return data_; }

  /** OARLOCK_OK, OARLOCK_ERR_TIMEOUT, _CANCELLED or _CLOSED. */
  oarlock_status code() const noexcept { return why_.code(); }

  /** Whether it was granted, or is a post. */
  explicit operator bool() const noexcept { return code() == OARLOCK_OK; }

  /** The failure, if it was not granted. */
  const failure& error() const noexcept { return why_; }

  /** The request: of one that was not granted, and of a post, 0. */
  lock_id id() const noexcept { return id_; }

  /** The fencing token if it was granted, the new one of an upgrade; else 0. */
  std::uint64_t token() const noexcept { return token_; }

  /** The guard of a request that was granted, which is the caller's from now on; else
   *  an empty one. (That of an upgrade is its holder's all the time.) */
  guard take() noexcept { return std::move(guard_); }

  /** The same, or why there is none. */
  result<guard> outcome() {
    if (code() != OARLOCK_OK) return why_;
    return std::move(guard_);
  }

 private:
  friend struct detail::completion_access;

  completion_kind kind_ = completion_kind::post;
  void* data_ = nullptr;
  lock_id id_ = 0;
  std::uint64_t token_ = 0;
  guard guard_;
  failure why_{OARLOCK_OK};
};

namespace detail {

/** Makes completions. */
struct completion_access {
  /** Takes over what C gave. */
  static completion make(const handle& manager, const oarlock_completion& from) {
    completion made;
    made.kind_ = static_cast<completion_kind>(from.kind);
    made.data_ = from.user_data;
    made.id_ = from.lock;
    made.token_ = from.token;
    if (from.kind == OARLOCK_COMPLETION_ACQUIRE && from.status == OARLOCK_OK) {
      made.guard_ = guard_access::make(manager.keep(), from.lock, from.token);
    }
    const std::unique_ptr<oarlock_error, void (*)(oarlock_error*)> owned(from.error,
                                                                         oarlock_error_free);
    if (from.status != OARLOCK_OK) made.why_ = failure::copied(from.status, from.error);
    return made;
  }
};

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_COMPLETION_HPP
