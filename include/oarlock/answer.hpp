/* answer.hpp: one body for both forms of every call. A part of oarlock.hpp. */
#ifndef OARLOCK_ANSWER_HPP
#define OARLOCK_ANSWER_HPP

#include <optional>
#include <utility>

#include "result.hpp"

namespace oarlock {

/** The form of the objects themselves: a failure is thrown. */
struct throwing {
  /** What a call returns that gives a T. */
  template <class T>
  using answer = T;
  /** What a call returns whose not giving a T is no failure: nothing then. */
  template <class T>
  using chance = std::optional<T>;

  /** The value, or the failure thrown. */
  template <class T>
  static T give(result<T>&& from) {
    return std::move(from).value();
  }

  /** The value, nothing if the failure is this one, or the failure thrown. */
  template <class T>
  static std::optional<T> give_unless(oarlock_status expected, result<T>&& from) {
    if (from.code() == expected) return std::nullopt;
    return std::move(from).value();
  }
};

/** The form of their nothrow() views: a failure is returned. */
struct returning {
  /** What a call returns that gives a T. */
  template <class T>
  using answer = result<T>;
  /** The same: what is nothing in the other form is a failure like any other. */
  template <class T>
  using chance = result<T>;

  /** As it is. */
  template <class T>
  static result<T> give(result<T>&& from) {
    return std::move(from);
  }

  /** As it is. */
  template <class T>
  static result<T> give_unless(oarlock_status, result<T>&& from) {
    return std::move(from);
  }
};

namespace detail {

/** What the calls of an object work on: of the object itself, and of a view of it. */
struct target_access {
  template <class Object>
  static decltype(auto) of(Object& object) {
    return object.target();
  }
};

}  // namespace detail

/** The calls of an object in the form that returns failures. It refers to the
 *  object: it must not outlive it, nor a move of it. */
template <template <class, class> class Operations, class Target>
class nothrow_view : public Operations<nothrow_view<Operations, Target>, returning> {
 public:
  /** Of this object; objects have a function nothrow() that is shorter. */
  explicit nothrow_view(Target& target) noexcept : target_(&target) {}

 private:
  friend struct detail::target_access;
  decltype(auto) target() const noexcept { return detail::target_access::of(*target_); }

  Target* target_;
};

}  // namespace oarlock

#endif  // OARLOCK_ANSWER_HPP
