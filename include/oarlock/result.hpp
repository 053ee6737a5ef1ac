/* result.hpp: a value, or why there is none. A part of oarlock.hpp. */
#ifndef OARLOCK_RESULT_HPP
#define OARLOCK_RESULT_HPP

#include <optional>
#include <type_traits>
#include <utility>

#include "error.hpp"

#if OARLOCK_EXPECTED
#include <expected>
#endif

namespace oarlock {

namespace detail {

/** A value that may be there. It is empty if not, where an optional has nothing at all:
 *  about that compilers warn which cannot see that nobody reads it. */
template <class T>
class or_empty {
 public:
  or_empty() noexcept = default;
  or_empty(T value) noexcept(std::is_nothrow_move_constructible_v<T>)
      : value_(std::move(value)), there_(true) {}
  bool has_value() const noexcept { return there_; }
  T& operator*() & noexcept { return value_; }
  const T& operator*() const& noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }

 private:
  T value_ = T();
  bool there_ = false;
};

template <class T>
using maybe = std::conditional_t<std::is_nothrow_default_constructible_v<T>, or_empty<T>,
                                 std::optional<T>>;

}  // namespace detail

/** A T, or a failure: what the functions of a nothrow() view return. It is a small
 *  std::expected<T, failure>, for C++17, and converts to that where there is one.
 *  Move-only if T is. */
template <class T>
class [[nodiscard]] result {
 public:
  using value_type = T;        ///< what is hoped for
  using error_type = failure;  ///< what there is instead

  /** A success. */
  result(T value) noexcept(std::is_nothrow_move_constructible_v<T>) : value_(std::move(value)) {}
  /** A failure; its code is not OARLOCK_OK. */
  result(failure why) noexcept : why_(std::move(why)) {}

  /** Whether there is a value. */
  bool has_value() const noexcept { return value_.has_value(); }
  /** Whether there is a value. */
  explicit operator bool() const noexcept { return has_value(); }

  /** The value. Throws the failure if there is none. */
  T& value() & { return require(), *value_; }
  /** The value. Throws the failure if there is none. */
  const T& value() const& { return require(), *value_; }
  /** The value. Throws the failure if there is none. */
  T&& value() && { return require(), *std::move(value_); }

  /** The value, which there must be. */
  T& operator*() & noexcept { return *value_; }
  /** The value, which there must be. */
  const T& operator*() const& noexcept { return *value_; }
  /** The value, which there must be. */
  T&& operator*() && noexcept { return *std::move(value_); }
  /** Into the value, which there must be. */
  T* operator->() noexcept { return &*value_; }
  /** Into the value, which there must be. */
  const T* operator->() const noexcept { return &*value_; }

  /** The value, or this. */
  template <class U>
  T value_or(U&& otherwise) && {
    return has_value() ? *std::move(value_) : static_cast<T>(std::forward<U>(otherwise));
  }
  /** The value, or this. */
  template <class U>
  T value_or(U&& otherwise) const& {
    return has_value() ? *value_ : static_cast<T>(std::forward<U>(otherwise));
  }

  /** The failure, which there must be. */
  const failure& error() const noexcept { return why_; }
  /** OARLOCK_OK, or the failure's code. */
  oarlock_status code() const noexcept { return why_.code(); }

#if OARLOCK_EXPECTED
  /** The same as the standard library's type. */
  operator std::expected<T, failure>() && {
    if (!has_value()) return std::unexpected(std::move(why_));
    return *std::move(value_);
  }
#endif

 private:
  void require() const {
    if (!has_value()) raise(why_);
  }

  detail::maybe<T> value_;
  failure why_{OARLOCK_OK};  // OARLOCK_OK if there is a value
};

/** Success, or a failure. */
template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;     ///< nothing
  using error_type = failure;  ///< what there may be instead

  /** A success. */
  result() noexcept = default;
  /** A failure; its code is not OARLOCK_OK. */
  result(failure why) noexcept : why_(std::move(why)) {}

  /** Whether it is a success. */
  bool has_value() const noexcept { return why_.code() == OARLOCK_OK; }
  /** Whether it is a success. */
  explicit operator bool() const noexcept { return has_value(); }

  /** Throws the failure if there is one. */
  void value() const {
    if (!has_value()) raise(why_);
  }

  /** The failure, which there must be. */
  const failure& error() const noexcept { return why_; }
  /** OARLOCK_OK, or the failure's code. */
  oarlock_status code() const noexcept { return why_.code(); }

#if OARLOCK_EXPECTED
  /** The same as the standard library's type. */
  operator std::expected<void, failure>() && {
    if (!has_value()) return std::unexpected(std::move(why_));
    return {};
  }
#endif

 private:
  failure why_{OARLOCK_OK};
};

}  // namespace oarlock

#endif  // OARLOCK_RESULT_HPP
