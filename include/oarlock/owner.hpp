/* owner.hpp: whom requests belong to, and what they are called. A part of
 * oarlock.hpp. */
#ifndef OARLOCK_OWNER_HPP
#define OARLOCK_OWNER_HPP

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "handle.hpp"
#include "path.hpp"

namespace oarlock {

namespace detail {
struct owner_access;
}  // namespace detail

struct request_options;

/** Whom several requests belong to: a transaction, a session. Requests of one owner
 *  never conflict with each other; what an owner holds it can claim again at once;
 *  and one that what others hold would keep waiting for ever, since they wait for what its
 *  owner holds, is refused with deadlock_error. If only those that wait are in the way, it
 *  goes ahead of those of them that wait for its owner.
 *
 *  From manager::new_owner. Move-only, and it has no life of its own: what it holds
 *  are the guards, which may outlive it. Any thread may use it. */
class owner {
 public:
  /** Its number in its manager, as inspections show it; 0 after a move. */
  std::uint64_t id() const noexcept { return owner_ ? oarlock_owner_id(owner_.get()) : 0; }

  /** The C object; NULL after a move. */
  const oarlock_owner* native() const noexcept { return owner_.get(); }

  /** Options with it alone, so that it can be given as they are. */
  operator request_options() const noexcept;

 private:
  friend struct detail::owner_access;
  struct free {
    void operator()(oarlock_owner* it) const noexcept { oarlock_owner_free(it); }
  };
  owner(detail::keeper manager, oarlock_owner* made) noexcept
      : manager_(std::move(manager)), owner_(made) {}

  detail::keeper manager_;  // goes last
  std::unique_ptr<oarlock_owner, free> owner_;
};

/** An owner as an option, or none. */
class owner_reference {
 public:
  /** None. */
  owner_reference() noexcept = default;
  /** This one, which must live until the call returns. One that was moved from is refused by
   *  the call. */
  owner_reference(const owner& of) noexcept : owner_(of.native()), moved_from_(!of.native()) {}

  /** The C object, or NULL. */
  const oarlock_owner* native() const noexcept { return owner_; }
  /** Whether it was none any more. */
  bool moved_from() const noexcept { return moved_from_; }

 private:
  const oarlock_owner* owner_ = nullptr;
  bool moved_from_ = false;
};

/** Whose a request is and what people call it; the last parameter of every request.
 *  It refers to what it is made from: not to be kept.
 *
 *    locks.acquire(write("a"), {.owner = transaction, .label = "import"});   // C++20
 *    locks.acquire(write("a"), {transaction, "import"});                     // C++17
 *    locks.acquire(write("a"), transaction);
 *    locks.acquire(write("a"), oarlock::labelled("import"));
 */
struct request_options {
  owner_reference owner{};   ///< whose it is; nobody's by default
  std::string_view label{};  ///< a name for people, UTF-8; none by default
};

/** Options with an owner alone. */
inline request_options owned_by(const owner& of) noexcept { return {of, {}}; }

inline owner::operator request_options() const noexcept { return owned_by(*this); }

/** Options with a label alone. */
inline request_options labelled(std::string_view label) noexcept { return {{}, label}; }

namespace detail {

/** Makes owners. */
struct owner_access {
  static owner make(keeper manager, oarlock_owner* made) noexcept {
    return owner(std::move(manager), made);
  }
};

/** Options as C takes them. */
class c_options {
 public:
  explicit c_options(const request_options& from) noexcept
      : any_(from.owner.native() != nullptr || !from.label.empty()),
        moved_from_(from.owner.moved_from()) {
    options_.owner = from.owner.native();
    options_.label = view(from.label);
  }

  const oarlock_request_options* get() const noexcept { return any_ ? &options_ : nullptr; }
  /** Whether the owner was moved from. */
  bool moved_from() const noexcept { return moved_from_; }

 private:
  bool any_;
  bool moved_from_;
  oarlock_request_options options_ = OARLOCK_REQUEST_OPTIONS_INIT;
};

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_OWNER_HPP
