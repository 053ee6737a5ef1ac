/* manager.hpp: the manager. A part of oarlock.hpp. */
#ifndef OARLOCK_MANAGER_HPP
#define OARLOCK_MANAGER_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "inspect.hpp"
#include "request.hpp"

namespace oarlock {

namespace detail {
struct manager_access;
}  // namespace detail

/** Settings of a new manager; 0 means the default. */
struct options {
  std::size_t max_claims = 0;      ///< claims in one request (4096)
  std::size_t max_segments = 0;    ///< segments in one path (1024)
  std::size_t max_path_bytes = 0;  ///< bytes in one path, separators not counted (65536)
  /// parts with an internal lock each, 1 to 256 (32); more count as 256
  std::size_t shards = 0;
  /// segments in all the paths of one request together (16384)
  std::size_t max_request_segments = 0;
  std::size_t max_waiting = 0;  ///< requests that may wait at once (any number)
  bool hold_times = false;      ///< whether stats() tells how long requests were held
};

/** The calls of a manager, and of its nothrow() view. Every one may be made by any
 *  thread.
 *
 *  The last parameter of those that make a request says whose it is and what it is
 *  called: request_options. */
template <class Self, class Errors>
class manager_operations : public look_operations<Self, Errors> {
  template <class T>
  using answer = typename Errors::template answer<T>;
  template <class T>
  using chance = typename Errors::template chance<T>;
  template <class Done>
  using if_hears =
      std::enable_if_t<detail::hears<Done, result<guard>> || detail::hears<Done, guard>, int>;

 public:
  /** Acquires all the claims together. Blocks for as long as it takes. */
  answer<guard> acquire(const claims& wanted, const request_options& about = {}) const {
    return Errors::give(request(wanted, about).acquire(OARLOCK_FOREVER));
  }

  /** Acquires all the claims together. Blocks for at most the timeout, then fails with
   *  timeout_error; 0 tries. A negative timeout is an error. */
  template <class Rep, class Period>
  answer<guard> acquire_for(const claims& wanted,
                            const std::chrono::duration<Rep, Period>& timeout,
                            const request_options& about = {}) const {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return Errors::give(result<guard>(detail::refused(limit)));
    return Errors::give(request(wanted, about).acquire(limit.ns));
  }

  /** The same, until a time point; one that has passed tries. */
  template <class Clock, class Duration>
  answer<guard> acquire_until(const claims& wanted,
                              const std::chrono::time_point<Clock, Duration>& deadline,
                              const request_options& about = {}) const {
    const detail::request asked = request(wanted, about);
    return Errors::give(
        detail::wait_until(deadline, [&](std::int64_t ns) { return asked.acquire(ns); }));
  }

  /** Acquires all the claims together if that is possible at once; else nothing
   *  (OARLOCK_ERR_WOULD_BLOCK of the view), also where acquire would be refused with
   *  deadlock_error. Never queues. Does not block. */
  [[nodiscard]] chance<guard> try_acquire(const claims& wanted,
                                          const request_options& about = {}) const {
    return Errors::give_unless(OARLOCK_ERR_WOULD_BLOCK, request(wanted, about).try_acquire());
  }

  /** Whether try_acquire would be granted now. Changes nothing. Does not block. */
  [[nodiscard]] answer<bool> would_grant(const claims& wanted,
                                         const request_options& about = {}) const {
    return Errors::give(request(wanted, about).would_grant());
  }

  /** Gives a request its place in the queue and returns at once. */
  [[nodiscard]] answer<pending> enqueue(const claims& wanted,
                                        const request_options& about = {}) const {
    return Errors::give(request(wanted, about).enqueue());
  }

  /** Gives a request its place in the queue and returns at once: a guard when it was
   *  granted at once; else a ticket, and done(result<guard>) is called exactly once with
   *  the outcome. It is never called inside this call, but perhaps on another thread before
   *  this call returns; with no internal lock held, so that it may call anything here; on
   *  the thread whose release, cancel or close causes it. It must be noexcept. */
  template <class Done, if_hears<Done> = 0>
  [[nodiscard]] answer<enqueued> enqueue(const claims& wanted, Done&& done,
                                         const request_options& about = {}) const {
    return Errors::give(request(wanted, about).enqueue(OARLOCK_FOREVER, std::forward<Done>(done)));
  }

  /** The same, for at most the timeout: then done is told OARLOCK_ERR_TIMEOUT, on a thread
   *  of the library's. A timeout of 0 that would wait fails at once, with timeout_error. */
  template <class Rep, class Period, class Done, if_hears<Done> = 0>
  [[nodiscard]] answer<enqueued> enqueue_for(
      const claims& wanted, const std::chrono::duration<Rep, Period>& timeout, Done&& done,
      const request_options& about = {}) const {
    const detail::span limit = detail::nanoseconds(timeout);
    if (limit.status != OARLOCK_OK) return Errors::give(result<enqueued>(detail::refused(limit)));
    return Errors::give(request(wanted, about).enqueue(limit.ns, std::forward<Done>(done)));
  }

  /** The same, until a time point, which is measured once, now. */
  template <class Clock, class Duration, class Done, if_hears<Done> = 0>
  [[nodiscard]] answer<enqueued> enqueue_until(
      const claims& wanted, const std::chrono::time_point<Clock, Duration>& deadline, Done&& done,
      const request_options& about = {}) const {
    return Errors::give(
        request(wanted, about).enqueue(detail::until(deadline), std::forward<Done>(done)));
  }

  /** A new owner for requests of this manager. */
  [[nodiscard]] answer<owner> new_owner() const {
    oarlock_owner* made = nullptr;
    detail::outcome done = this->attempt(
        [&](oarlock_error** error) { return oarlock_owner_new(self().get(), &made, error); });
    if (!done.ok()) return Errors::give(result<owner>(std::move(done).why()));
    return Errors::give(result<owner>(detail::owner_access::make(self().keep(), made)));
  }

  /** Cancels a request that waits, by its id: for another thread than the one that is
   *  blocked in pending::wait, which then fails with cancelled_error. (A wait that begins
   *  only after the cancel fails with OARLOCK_ERR_STALE.) A function is told
   *  OARLOCK_ERR_CANCELLED, inside this call. Cancel and grant race: false if the grant
   *  won, and then the request is held and nothing changes. Fails with OARLOCK_ERR_STALE
   *  if the request has ended or is another manager's. Does not block; callbacks of
   *  requests that this lets in run inside. */
  answer<bool> cancel(lock_id id) const {
    const oarlock_status status = oarlock_cancel(self().get(), id);
    if (status != OARLOCK_OK && status != OARLOCK_ERR_GRANTED) {
      return Errors::give(result<bool>(this->why(status)));
    }
    return Errors::give(result<bool>(status == OARLOCK_OK));
  }

  /** Ends a request by its id: releases it when it is granted, cancels it when it waits.
   *  The guard or pending that it came from holds nothing any more: its destructor does
   *  nothing, its release or wait fails. Fails with OARLOCK_ERR_STALE if the request has
   *  ended or is another manager's. Does not block; callbacks of requests that this lets
   *  in run inside. */
  answer<void> release(lock_id id) const {
    const oarlock_status status = oarlock_release(self().get(), id);
    return Errors::give(status == OARLOCK_OK ? result<void>() : result<void>(this->why(status)));
  }

  /** Makes a guard of a granted request's id, which then owns it: the other end of
   *  guard::detach. Fails with OARLOCK_ERR_STALE if it has ended, with
   *  OARLOCK_ERR_NOT_GRANTED if it waits still. */
  [[nodiscard]] answer<guard> adopt(lock_id id) const {
    std::uint64_t token = 0;
    const oarlock_status status = oarlock_lock_token(self().get(), id, &token);
    if (status != OARLOCK_OK) return Errors::give(result<guard>(this->why(status)));
    return Errors::give(result<guard>(detail::guard_access::make(self().keep(), id, token)));
  }

  /** Closes: every waiting request, and every later one, ends with closed_error. Locks
   *  that are held stay held until they are released. Does not block; callbacks of
   *  requests that wait run inside. */
  answer<void> close() const {
    const oarlock_status status = oarlock_manager_close(self().get());
    return Errors::give(status == OARLOCK_OK ? result<void>() : result<void>(this->why(status)));
  }

  /** Whether it is closed. Does not block. */
  [[nodiscard]] answer<bool> is_closed() const {
    std::int32_t closed = 0;
    const oarlock_status status = oarlock_manager_is_closed(self().get(), &closed);
    if (status != OARLOCK_OK) return Errors::give(result<bool>(this->why(status)));
    return Errors::give(result<bool>(closed != 0));
  }

  /** Its name, if it was made by manager::named. */
  [[nodiscard]] answer<std::optional<std::string>> name() const {
    oarlock_str name = {nullptr, 0};
    const oarlock_status status = oarlock_manager_name(self().get(), &name);
    using maybe = std::optional<std::string>;
    if (status != OARLOCK_OK) return Errors::give(result<maybe>(this->why(status)));
    maybe copy;
    if (name.ptr != nullptr) copy.emplace(detail::view(name));
    return Errors::give(result<maybe>(std::move(copy)));
  }

 protected:
  manager_operations() = default;
  manager_operations(const manager_operations&) = default;
  manager_operations& operator=(const manager_operations&) = default;
  ~manager_operations() = default;

 private:
  const detail::handle& self() const {
    return detail::target_access::of(static_cast<const Self&>(*this));
  }
  detail::request request(const claims& wanted, const request_options& about) const {
    return {self(), wanted, about};
  }
};

/** A lock manager. A handle: copies are the same manager. Every function may be called
 *  from any thread. */
class manager : public manager_operations<manager, throwing> {
 public:
  /** A new manager, with nothing locked. */
  manager() : manager(options()) {}

  /** A new manager with settings of its own. */
  explicit manager(const options& settings) : manager(make(settings).value()) {}

  /** The same, returning a failure. */
  static result<manager> make(const options& settings = {}) {
    oarlock_manager_options c_options = OARLOCK_MANAGER_OPTIONS_INIT;
    c_options.max_claims = settings.max_claims;
    c_options.max_segments = settings.max_segments;
    c_options.max_path_bytes = settings.max_path_bytes;
    c_options.shards = settings.shards;
    c_options.max_request_segments = settings.max_request_segments;
    c_options.max_waiting = settings.max_waiting;
    c_options.hold_times = settings.hold_times ? 1 : 0;
    return adopted([&](oarlock_manager** out, oarlock_error** error) {
      return oarlock_manager_new(&c_options, out, error);
    });
  }

  /** The manager of this name (UTF-8) in this process, shared with everything that uses
   *  the same copy of the library; made if there is none. */
  static manager named(std::string_view name) { return make_named(name).value(); }

  /** The same, returning a failure. */
  static result<manager> make_named(std::string_view name) {
    return adopted([&](oarlock_manager** out, oarlock_error** error) {
      return oarlock_manager_named(detail::view(name), out, error);
    });
  }

  /** The same calls, returning failures. */
  nothrow_view<manager_operations, const manager> nothrow() const& noexcept {
    return nothrow_view<manager_operations, const manager>(*this);
  }
  void nothrow() const&& = delete;

  /** The C handle, valid while this object or a copy of it lives. */
  oarlock_manager* native() const noexcept { return handle_.get(); }

 private:
  friend struct detail::manager_access;
  friend struct detail::target_access;
  explicit manager(detail::handle made) noexcept : handle_(std::move(made)) {}
  const detail::handle& target() const noexcept { return handle_; }

  template <class Make>
  static result<manager> adopted(Make make) {
    oarlock_manager* made = nullptr;
    detail::outcome done =
        detail::attempt([&](oarlock_error** error) { return make(&made, error); });
    if (!done.ok()) return std::move(done).why();
    return manager(detail::handle::adopt(made));
  }

  detail::handle handle_;
};

namespace detail {

/** Sees what keeps a manager alive. */
struct manager_access {
  static const handle& of(const manager& it) noexcept { return it.handle_; }
};

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_MANAGER_HPP
