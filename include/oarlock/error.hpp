/* error.hpp: failures as exceptions. A part of oarlock.hpp. */
#ifndef OARLOCK_ERROR_HPP
#define OARLOCK_ERROR_HPP

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <utility>
#include <vector>

#include "failure.hpp"

namespace oarlock {

/** A failure, thrown. what() is a sentence for a person. */
class OARLOCK_VISIBLE error : public std::runtime_error {
 public:
  /** Of this failure; raise chooses the type. */
  explicit error(failure why) : std::runtime_error(why.message()), why_(std::move(why)) {}

  /** The status, an OARLOCK_ERR_ number. */
  oarlock_status code() const noexcept { return why_.code(); }

  /** The short name of the status, such as "no-claims". */
  const char* name() const noexcept { return why_.name(); }

  /** Whom it is about: failure::parties. */
  const std::vector<party>& parties() const noexcept { return why_.parties(); }

  /** The same as a value. */
  const failure& why() const noexcept { return why_; }

 private:
  failure why_;
};

/** The timeout passed before the request, or the upgrade, was granted. parties() are
 *  those that were in the way then; known only of manager::acquire_for and acquire_until,
 *  and only if they had time to wait. */
class OARLOCK_VISIBLE timeout_error : public error {
 public:
  using error::error;
};

/** The request, or the upgrade, was cancelled while it waited. */
class OARLOCK_VISIBLE cancelled_error : public error {
 public:
  using error::error;
};

/** What others hold would have kept it waiting for ever: parties() is the cycle. Only calls
 *  that make a request or begin an upgrade fail with it, never a wait that was taken in.
 *  What the owner holds it holds still. */
class OARLOCK_VISIBLE deadlock_error : public error {
 public:
  using error::error;
};

/** The manager is closed. */
class OARLOCK_VISIBLE closed_error : public error {
 public:
  using error::error;
};

/** As many requests wait as may. */
class OARLOCK_VISIBLE too_many_waiting_error : public error {
 public:
  using error::error;
};

/** The request has ended, or is another manager's. */
class OARLOCK_VISIBLE stale_error : public error {
 public:
  using error::error;
};

/** It was made before a fork, and this is the child. */
class OARLOCK_VISIBLE forked_error : public error {
 public:
  using error::error;
};

/** Throws what a failure stands for, as the type above that is its own. Without
 *  exceptions, prints its message and ends the program. */
[[noreturn]] inline void raise(failure why) {
#if OARLOCK_EXCEPTIONS
  switch (why.code()) {
    case OARLOCK_ERR_TIMEOUT:
      throw timeout_error(std::move(why));
    case OARLOCK_ERR_CANCELLED:
      throw cancelled_error(std::move(why));
    case OARLOCK_ERR_DEADLOCK:
      throw deadlock_error(std::move(why));
    case OARLOCK_ERR_CLOSED:
      throw closed_error(std::move(why));
    case OARLOCK_ERR_TOO_MANY_WAITING:
      throw too_many_waiting_error(std::move(why));
    case OARLOCK_ERR_STALE:
      throw stale_error(std::move(why));
    case OARLOCK_ERR_FORKED:
      throw forked_error(std::move(why));
    default:
      throw error(std::move(why));
  }
#else
  std::fprintf(stderr, "oarlock: %s\n", why.message());
  std::abort();
#endif
}

namespace detail {

/** Raises unless the status is OARLOCK_OK. */
inline void check(oarlock_status code) {
  if (code != OARLOCK_OK) raise(failure(code));
}

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_ERROR_HPP
