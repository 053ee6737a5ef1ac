/* failure.hpp: why something did not happen, as a value. A part of oarlock.hpp. */
#ifndef OARLOCK_FAILURE_HPP
#define OARLOCK_FAILURE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../oarlock.h"
#include "config.hpp"

namespace oarlock {

/** The number of a request in its manager: never 0, never used again, checked at
 *  every use. */
using lock_id = oarlock_lock;

/** Where a request stands. */
enum class lock_state : std::int32_t {
  waiting = OARLOCK_WAITING,  ///< it waits for earlier requests to end
  granted = OARLOCK_GRANTED   ///< it holds what it claims
};

/** One request that a failure names. */
struct party {
  lock_id id = 0;           ///< its number; of one that was refused, stale
  std::uint64_t owner = 0;  ///< its owner's id, or 0
  std::string label;        ///< what people call it; mostly empty
  /// whether it held or waited, if it was in the way; in a cycle all wait, with the request
  /// or with an upgrade of it
  lock_state state = lock_state::waiting;
};

namespace detail {

inline oarlock_str view(std::string_view text) noexcept { return {text.data(), text.size()}; }

inline std::string_view view(oarlock_str text) noexcept {
  return text.len == 0 ? std::string_view() : std::string_view(text.ptr, text.len);
}

}  // namespace detail

/** Why a call did not do what was asked: a status, a message, and perhaps others
 *  whom it is about. A value: copies are cheap and may be read by any thread. */
class failure {
 public:
  /** Of this status, with its general message. */
  explicit failure(oarlock_status code) noexcept : code_(code) {}

  /** Of this status, with a message of its own. */
  failure(oarlock_status code, std::string message)
      : code_(code), details_(std::make_shared<const details>(details{std::move(message), {}})) {}

  /** The status, an OARLOCK_ERR_ number. */
  oarlock_status code() const noexcept { return code_; }

  /** The short name of the status, such as "no-claims". */
  const char* name() const noexcept { return oarlock_status_name(code_); }

  /** A sentence for a person. Lives as long as a copy of this. */
  const char* message() const noexcept {
    return details_ ? details_->message.c_str() : oarlock_status_message(code_);
  }

  /** The others. With OARLOCK_ERR_DEADLOCK the cycle, from the one that was refused on:
   *  each waits for what the owner of the next holds, and the last for one of those before it. With
   *  OARLOCK_ERR_TIMEOUT of manager::acquire_for or acquire_until that had time to wait, those
   *  that were in the way when it was up. Else nobody: so with every other timeout. */
  const std::vector<party>& parties() const noexcept {
    // Never destroyed: a failure may be read until the very end.
    static const auto* const nobody = new std::vector<party>();
    return details_ ? details_->parties : *nobody;
  }

  /** A copy of what C told; `error` may be NULL and stays the caller's. */
  static failure copied(oarlock_status code, const oarlock_error* error) {
    failure copy(code);
    if (error == nullptr) return copy;
    details all{oarlock_error_message(error), {}};
    std::size_t count = 0;
    const oarlock_party* const parties = oarlock_error_parties(error, &count);
    all.parties.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const oarlock_party& one = parties[i];
      all.parties.push_back({one.lock, one.owner, std::string(detail::view(one.label)),
                             static_cast<lock_state>(one.state)});
    }
    copy.details_ = std::make_shared<const details>(std::move(all));
    return copy;
  }

 private:
  struct details {
    std::string message;
    std::vector<party> parties;
  };

  oarlock_status code_;
  std::shared_ptr<const details> details_;  // null: the status says it all
};

namespace detail {

/** Of a call of an object that has none any more. */
inline failure moved_from(const char* object) {
  return failure(OARLOCK_ERR_INVALID_ARGUMENT,
                 std::string("the ").append(object).append(" was moved from"));
}

/** The outcome of a C call: OARLOCK_OK or why not. */
class outcome {
 public:
  outcome(oarlock_status code) noexcept : why_(code) {}
  outcome(failure why) noexcept : why_(std::move(why)) {}

  bool ok() const noexcept { return why_.code() == OARLOCK_OK; }
  oarlock_status code() const noexcept { return why_.code(); }
  failure why() && noexcept { return std::move(why_); }

 private:
  failure why_;
};

/** Makes a C call whose last parameter is an oarlock_error **. */
template <class Call>
outcome attempt(Call call) {
  oarlock_error* error = nullptr;
  const oarlock_status code = call(&error);
  if (code == OARLOCK_OK) return code;
  const std::unique_ptr<oarlock_error, void (*)(oarlock_error*)> owned(error, oarlock_error_free);
  return failure::copied(code, error);
}

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_FAILURE_HPP
