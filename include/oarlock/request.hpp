/* request.hpp: how claims become requests. A part of oarlock.hpp. */
#ifndef OARLOCK_REQUEST_HPP
#define OARLOCK_REQUEST_HPP

#include <cstdint>
#include <utility>
#include <variant>

#include "owner.hpp"
#include "pending.hpp"

namespace oarlock {

/** What a request that was enqueued with a function or on a queue is: granted at once,
 *  or waiting. */
using enqueued = std::variant<guard, ticket>;

namespace detail {

/** A request, with all that C's functions for it have in common. */
class request {
 public:
  request(const handle& manager, const claims& wanted, const request_options& about) noexcept
      : manager_(manager), claims_(wanted), options_(about) {}

  /** acquire, in at most so many nanoseconds. */
  result<guard> acquire(std::int64_t timeout_ns) const {
    lock_id lock = 0;
    std::uint64_t token = 0;
    outcome done = asked([&](oarlock_error** error) {
      return oarlock_acquire(manager_.get(), claims_.data(), claims_.size(), options_.get(),
                             timeout_ns, &lock, &token, error);
    });
    if (!done.ok()) return std::move(done).why();
    return guard_access::make(manager_.keep(), lock, token);
  }

  /** try_acquire. */
  result<guard> try_acquire() const {
    lock_id lock = 0;
    std::uint64_t token = 0;
    const auto call = [&](oarlock_error** error) {
      return oarlock_try_acquire(manager_.get(), claims_.data(), claims_.size(), options_.get(),
                                 &lock, &token, error);
    };
    outcome done = sound();
    if (done.ok()) {
      done = call(nullptr);
      // Once more for the details, which a refusal that is expected would waste.
      if (!done.ok() && done.code() != OARLOCK_ERR_WOULD_BLOCK) done = attempt(call);
    }
    if (!done.ok()) return std::move(done).why();
    return guard_access::make(manager_.keep(), lock, token);
  }

  /** would_grant. */
  result<bool> would_grant() const {
    std::int32_t would = 0;
    outcome done = asked([&](oarlock_error** error) {
      return oarlock_would_grant(manager_.get(), claims_.data(), claims_.size(), options_.get(),
                                 &would, error);
    });
    if (!done.ok()) return std::move(done).why();
    return would != 0;
  }

  /** enqueue. */
  result<pending> enqueue() const {
    lock_id lock = 0;
    oarlock_state state = 0;
    outcome done = asked([&](oarlock_error** error) {
      return oarlock_enqueue(manager_.get(), claims_.data(), claims_.size(), options_.get(), &lock,
                             &state, nullptr, error);
    });
    if (!done.ok()) return std::move(done).why();
    return pending_access::make(manager_.keep(), lock);
  }

  /** enqueue with a function. */
  template <class Done>
  result<enqueued> enqueue(std::int64_t timeout_ns, Done&& done) const {
    if constexpr (!hears<Done, result<guard>>) {
      static_assert(hears<Done, result<guard>>,
                    "a callback takes the guard or why there is none: "
                    "[](oarlock::result<oarlock::guard> outcome) noexcept { ... }");
      return failure(OARLOCK_ERR_INTERNAL);
    } else {
      static_assert(is_callback<Done, result<guard>>,
                    "a callback must be noexcept: [](auto outcome) noexcept { ... }");
      using kept_type = callback<std::decay_t<Done>, make_guard>;
      auto kept = std::make_unique<kept_type>(manager_.keep(), std::forward<Done>(done));
      return told([&](lock_id* lock, oarlock_state* state, std::uint64_t* token,
                      oarlock_error** error) {
        return oarlock_enqueue_callback(manager_.get(), claims_.data(), claims_.size(),
                                        options_.get(), timeout_ns, kept_type::call,
                                        kept.release(), kept_type::drop, lock, state, token,
                                        error);
      });
    }
  }

  /** enqueue on a queue. */
  result<enqueued> enqueue(std::int64_t timeout_ns, const oarlock_queue* queue, void* data) const {
    return told([&](lock_id* lock, oarlock_state* state, std::uint64_t* token,
                    oarlock_error** error) {
      return oarlock_enqueue_queue(manager_.get(), claims_.data(), claims_.size(), options_.get(),
                                   timeout_ns, queue, data, lock, state, token, error);
    });
  }

 private:
  /** What is wrong that C cannot see. */
  outcome sound() const {
    if (manager_.get() == nullptr) return moved_from("manager");
    if (options_.moved_from()) return moved_from("owner");
    if (claims_.doubtful() != nullptr) return path_access::check(*claims_.doubtful());
    return OARLOCK_OK;
  }

  /** Asks C, if nothing is. */
  template <class Call>
  outcome asked(Call call) const {
    outcome before = sound();
    return before.ok() ? attempt(call) : before;
  }

  template <class Call>
  result<enqueued> told(Call call) const {
    lock_id lock = 0;
    oarlock_state state = 0;
    std::uint64_t token = 0;
    outcome done = asked([&](oarlock_error** error) { return call(&lock, &state, &token, error); });
    if (!done.ok()) return std::move(done).why();
    if (state == OARLOCK_GRANTED) {
      return enqueued(guard_access::make(manager_.keep(), lock, token));
    }
    return enqueued(pending_access::make_ticket(manager_.keep(), lock));
  }

  const handle& manager_;
  const claims& claims_;
  c_options options_;
};

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_REQUEST_HPP
