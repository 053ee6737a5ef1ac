/*
 * oarlock.hpp: the C++17 interface of Oarlock, over oarlock.h. Header only; link
 * liboarlock as for C.
 *
 *   oarlock::manager locks;
 *   {
 *     auto both = locks.acquire({oarlock::write("accounts/1"), oarlock::write("accounts/2")});
 *   }  // released here
 *
 * WHAT LIVES HOW LONG. A manager is a handle: copies are the same manager. Guards,
 * pending requests and mutexes keep it alive, so they may outlive every manager
 * object. Claims own their bytes.
 *
 * THREADS. A manager may be used by any number of threads at once, and so may a
 * mutex. A guard or pending belongs to no thread, but one object is used by one
 * thread at a time, like any value. Every function that can block says so.
 *
 * ERRORS. Whatever fails throws oarlock::error, whose code() is the oarlock_status;
 * what a caller has to expect has a type of its own: timeout_error,
 * cancelled_error, closed_error. Destructors never throw.
 *
 * FORK. In a forked child everything from before the fork throws an error with
 * OARLOCK_ERR_FORKED; destructors leave the parent's locks alone.
 */
#ifndef OARLOCK_HPP
#define OARLOCK_HPP

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "oarlock.h"

namespace oarlock {

/** A failure. what() is a sentence for a person. */
class error : public std::runtime_error {
 public:
  error(oarlock_status code, const std::string& message)
      : std::runtime_error(message), code_(code) {}

  /** The status, an OARLOCK_ERR_ number. */
  oarlock_status code() const noexcept { return code_; }

  /** The short name of the status, such as "no-claims". */
  const char* name() const noexcept { return oarlock_status_name(code_); }

 private:
  oarlock_status code_;
};

/** The timeout passed before the request was granted. */
class timeout_error : public error {
 public:
  using error::error;
};

/** The request was cancelled while it waited. */
class cancelled_error : public error {
 public:
  using error::error;
};

/** The manager is closed. */
class closed_error : public error {
 public:
  using error::error;
};

namespace detail {

/** Throws what a status stands for. */
[[noreturn]] inline void raise(oarlock_status code, const std::string& message) {
  switch (code) {
    case OARLOCK_ERR_TIMEOUT:
      throw timeout_error(code, message);
    case OARLOCK_ERR_CANCELLED:
      throw cancelled_error(code, message);
    case OARLOCK_ERR_CLOSED:
      throw closed_error(code, message);
    default:
      throw error(code, message);
  }
}

/** Throws unless the status is OARLOCK_OK. */
inline void check(oarlock_status code) {
  if (code != OARLOCK_OK) raise(code, oarlock_status_message(code));
}

/** The place for the details of a call that takes an oarlock_error **. */
class failure {
 public:
  failure() = default;
  failure(const failure&) = delete;
  failure& operator=(const failure&) = delete;
  ~failure() { oarlock_error_free(error_); }

  oarlock_error** out() noexcept { return &error_; }

  /** Throws unless the status is OARLOCK_OK. */
  void check(oarlock_status code) const {
    if (code == OARLOCK_OK) return;
    raise(code, error_ != nullptr ? oarlock_error_message(error_) : oarlock_status_message(code));
  }

 private:
  oarlock_error* error_ = nullptr;
};

using handle = std::shared_ptr<oarlock_manager>;

inline oarlock_str view(std::string_view text) noexcept { return {text.data(), text.size()}; }

/** A duration as nanoseconds, rounded up. Compared as floating point first, so
 *  that a duration of any unit can be too large without overflowing. */
template <class Rep, class Period>
std::int64_t nanoseconds(const std::chrono::duration<Rep, Period>& timeout) {
  using floating = std::chrono::duration<long double, std::nano>;
  const long double wanted = floating(timeout).count();
  if (!(wanted >= 0)) {
    raise(OARLOCK_ERR_INVALID_TIMEOUT, "the timeout is negative or not a number");
  }
  if (wanted >= static_cast<long double>(std::numeric_limits<std::int64_t>::max())) {
    raise(OARLOCK_ERR_TIMEOUT_TOO_LARGE, "the timeout is too large to add to now");
  }
  const auto whole = static_cast<std::int64_t>(wanted);
  return static_cast<long double>(whole) < wanted ? whole + 1 : whole;
}

/** What is left until a time point; 0 when it has passed. */
template <class Clock, class Duration>
std::int64_t until(const std::chrono::time_point<Clock, Duration>& deadline) {
  using floating = std::chrono::duration<long double, std::nano>;
  const floating left = floating(deadline.time_since_epoch()) -
                        floating(Clock::now().time_since_epoch());
  return left.count() > 0 ? nanoseconds(left) : 0;
}

template <class Done>
struct callback;

}  // namespace detail

class guard;

/** What a claim asks for. */
enum class mode : std::int32_t {
  read = OARLOCK_READ,   ///< shared
  write = OARLOCK_WRITE  ///< exclusive
};

/** A path and a mode; covers the path and everything below it. Owns its bytes. */
class claim {
 public:
  /** On a path given as text, split at '/'; "" is the root. Text with an empty
   *  segment ("a//b") is refused by the call that uses the claim. */
  claim(oarlock::mode mode, std::string_view text) : mode_(mode), bytes_(text) {}

  /** On a path given as segments, taken as they are: a segment may hold '/',
   *  NUL or nothing. No segments at all are the root. */
  claim(oarlock::mode mode, std::initializer_list<std::string_view> segments)
      : claim(mode, segments.begin(), segments.end()) {}

  /** On a path given as a range of segments, each convertible to string_view. */
  template <class Iterator>
  claim(oarlock::mode mode, Iterator first, Iterator last) : mode_(mode), listed_(true) {
    for (; first != last; ++first) {
      const std::string_view segment(*first);
      bytes_.append(segment);
      ends_.push_back(bytes_.size());
    }
  }

  oarlock::mode mode() const noexcept { return mode_; }

 private:
  friend class claims;
  oarlock::mode mode_;
  bool listed_ = false;
  std::string bytes_;               // the text, or all segments one after the other
  std::vector<std::size_t> ends_;  // where each segment ends, if it is a list
};

namespace detail {

template <class T, class = void>
struct is_list : std::false_type {};
template <class T>
struct is_list<T, std::void_t<decltype(std::begin(std::declval<const T&>())),
                              decltype(std::end(std::declval<const T&>()))>>
    : std::bool_constant<!std::is_convertible_v<const T&, std::string_view>> {};

}  // namespace detail

/** A shared claim on a path given as text. */
inline claim read(std::string_view text) { return claim(mode::read, text); }
/** A shared claim on a path given as segments: read({"a", "b"}). */
inline claim read(std::initializer_list<std::string_view> segments) {
  return claim(mode::read, segments);
}
/** A shared claim on a path given as a container of segments. */
template <class List, std::enable_if_t<detail::is_list<List>::value, int> = 0>
claim read(const List& segments) {
  return claim(mode::read, std::begin(segments), std::end(segments));
}

/** An exclusive claim on a path given as text. */
inline claim write(std::string_view text) { return claim(mode::write, text); }
/** An exclusive claim on a path given as segments: write({"a", "b"}). */
inline claim write(std::initializer_list<std::string_view> segments) {
  return claim(mode::write, segments);
}
/** An exclusive claim on a path given as a container of segments. */
template <class List, std::enable_if_t<detail::is_list<List>::value, int> = 0>
claim write(const List& segments) {
  return claim(mode::write, std::begin(segments), std::end(segments));
}

/** The claims of one request, as a parameter: one claim, a list in braces or a
 *  vector. It points into the claims that it is made from: not to be kept. */
class claims {
 public:
  claims() = default;
  claims(const claim& one) { take(&one, 1); }
  claims(std::initializer_list<claim> list) { take(list.begin(), list.size()); }
  claims(const std::vector<claim>& list) { take(list.data(), list.size()); }
  claims(const claims&) = delete;
  claims& operator=(const claims&) = delete;

  const oarlock_claim* data() const noexcept { return more_.empty() ? few_.data() : more_.data(); }
  std::size_t size() const noexcept { return size_; }

 private:
  void take(const claim* first, std::size_t count) {
    size_ = count;
    if (count > few_.size()) more_.resize(count);
    oarlock_claim* const out = more_.empty() ? few_.data() : more_.data();
    std::size_t segments = 0;
    for (std::size_t i = 0; i < count; ++i) segments += first[i].ends_.size();
    // In full before the first pointer into it is taken; one more than needed,
    // so that an empty list has an address, too.
    segments_.reserve(segments + 1);
    for (std::size_t i = 0; i < count; ++i) out[i] = c_claim(first[i]);
  }

  oarlock_claim c_claim(const claim& from) {
    const auto mode = static_cast<std::int32_t>(from.mode_);
    if (!from.listed_) return {mode, 0, detail::view(from.bytes_), nullptr, 0};
    const std::size_t start = segments_.size();
    std::size_t begin = 0;
    for (const std::size_t end : from.ends_) {
      segments_.push_back({from.bytes_.data() + begin, end - begin});
      begin = end;
    }
    return {mode, 0, {nullptr, 0}, segments_.data() + start, from.ends_.size()};
  }

  std::size_t size_ = 0;
  std::array<oarlock_claim, 4> few_{};  // used while more_ is empty
  std::vector<oarlock_claim> more_;
  std::vector<oarlock_str> segments_;
};

/** A granted request. Its destructor releases it. Move-only; may be empty after
 *  a move or a release. */
class [[nodiscard]] guard {
 public:
  /** An empty guard. */
  guard() noexcept = default;
  guard(guard&& other) noexcept
      : manager_(std::move(other.manager_)),
        lock_(std::exchange(other.lock_, 0)),
        token_(std::exchange(other.token_, 0)) {}
  guard& operator=(guard&& other) noexcept {
    guard taken(std::move(other));
    std::swap(manager_, taken.manager_);
    std::swap(lock_, taken.lock_);
    std::swap(token_, taken.token_);
    return *this;
  }
  guard(const guard&) = delete;
  guard& operator=(const guard&) = delete;
  ~guard() {
    if (lock_ != 0) oarlock_release(manager_.get(), lock_);
  }

  /** Releases now. Throws if the guard is empty or somebody has released the
   *  request by its id. Does not block; callbacks of requests that this lets in
   *  run inside. */
  void release() {
    const detail::handle manager = std::move(manager_);
    const oarlock_lock lock = std::exchange(lock_, 0);
    token_ = 0;
    detail::check(lock == 0 ? OARLOCK_ERR_STALE : oarlock_release(manager.get(), lock));
  }

  /** The fencing token: of two conflicting requests the later one has the
   *  greater token. 0 if the guard is empty. */
  std::uint64_t token() const noexcept { return token_; }

  /** The request's id, for manager::release; 0 if the guard is empty. */
  oarlock_lock id() const noexcept { return lock_; }

  /** Whether it holds a request. */
  explicit operator bool() const noexcept { return lock_ != 0; }

 private:
  friend class manager;
  friend class pending;
  template <class Done>
  friend struct detail::callback;
  guard(detail::handle manager, oarlock_lock lock, std::uint64_t token) noexcept
      : manager_(std::move(manager)), lock_(lock), token_(token) {}

  detail::handle manager_;
  oarlock_lock lock_ = 0;
  std::uint64_t token_ = 0;
};

/** A request with its place in the queue, waiting or granted. Its destructor
 *  ends it. Move-only; empty after a move, or once wait gave a guard or threw. */
class [[nodiscard]] pending {
 public:
  /** An empty one. */
  pending() noexcept = default;
  pending(pending&& other) noexcept
      : manager_(std::move(other.manager_)), lock_(std::exchange(other.lock_, 0)) {}
  pending& operator=(pending&& other) noexcept {
    pending taken(std::move(other));
    std::swap(manager_, taken.manager_);
    std::swap(lock_, taken.lock_);
    return *this;
  }
  pending(const pending&) = delete;
  pending& operator=(const pending&) = delete;
  ~pending() {
    if (lock_ != 0) oarlock_release(manager_.get(), lock_);
  }

  /** Whether the request is granted. Does not block. */
  bool granted() const {
    oarlock_state state = 0;
    require();
    detail::check(oarlock_lock_state(manager_.get(), lock_, &state));
    return state == OARLOCK_GRANTED;
  }

  /** Waits for the grant. Blocks for as long as it takes. Throws
   *  cancelled_error or closed_error when the request ends without one. */
  guard wait() {
    std::optional<guard> granted = take(OARLOCK_FOREVER);
    return std::move(*granted);
  }

  /** Waits for the grant, for at most the timeout. Nothing when the time is up:
   *  the request keeps its place. Blocks. Throws as wait. */
  template <class Rep, class Period>
  std::optional<guard> wait_for(const std::chrono::duration<Rep, Period>& timeout) {
    return take(detail::nanoseconds(timeout));
  }

  /** As wait_for, until a time point; one that has passed only looks. */
  template <class Clock, class Duration>
  std::optional<guard> wait_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return take(detail::until(deadline));
  }

  /** Cancels, unless the grant won: then it is false, and wait gives the guard
   *  at once. Does not block. */
  bool cancel() {
    require();
    const oarlock_status status = oarlock_cancel(manager_.get(), lock_);
    if (status == OARLOCK_ERR_GRANTED) return false;
    detail::check(status);
    lock_ = 0;
    return true;
  }

  /** The request's id, for manager::cancel and manager::release; 0 if empty. To
   *  be read before another thread is in a wait. */
  oarlock_lock id() const noexcept { return lock_; }

 private:
  friend class manager;
  pending(detail::handle manager, oarlock_lock lock) noexcept
      : manager_(std::move(manager)), lock_(lock) {}

  void require() const {
    if (lock_ == 0) detail::check(OARLOCK_ERR_STALE);
  }

  std::optional<guard> take(std::int64_t timeout_ns) {
    require();
    std::uint64_t token = 0;
    const oarlock_status status = oarlock_wait(manager_.get(), lock_, timeout_ns, &token);
    if (status == OARLOCK_ERR_TIMEOUT) return std::nullopt;
    if (status == OARLOCK_ERR_CANCELLED || status == OARLOCK_ERR_CLOSED) lock_ = 0;
    detail::check(status);
    return guard(std::move(manager_), std::exchange(lock_, 0), token);
  }

  detail::handle manager_;
  oarlock_lock lock_ = 0;
};

/** A request that waits for its callback. Dropping it changes nothing. */
class ticket {
 public:
  /** Cancels: the callback gets OARLOCK_ERR_CANCELLED, inside this call. False
   *  when it has, or will have, another outcome. Does not block. */
  bool cancel() {
    const oarlock_status status = oarlock_cancel(manager_.get(), lock_);
    if (status == OARLOCK_ERR_GRANTED || status == OARLOCK_ERR_STALE) return false;
    detail::check(status);
    return true;
  }

  /** The request's id, for manager::cancel and manager::release. */
  oarlock_lock id() const noexcept { return lock_; }

 private:
  friend class manager;
  ticket(detail::handle manager, oarlock_lock lock) noexcept
      : manager_(std::move(manager)), lock_(lock) {}

  detail::handle manager_;
  oarlock_lock lock_;
};

namespace detail {

/** A function of the caller's and what it needs, as C's user data. */
template <class Done>
struct callback {
  handle manager;
  Done done;

  // An exception has nowhere to go from here: noexcept ends the program.
  static void call(void* self, oarlock_status status, oarlock_lock lock,
                   std::uint64_t token) noexcept {
    auto& kept = *static_cast<callback*>(self);
    kept.done(status, lock == 0 ? guard() : guard(kept.manager, lock, token));
  }
  static void drop(void* self) noexcept { delete static_cast<callback*>(self); }
};

}  // namespace detail

/** Settings of a new manager; 0 means the default. */
struct options {
  std::size_t max_claims = 0;      ///< claims in one request (4096)
  std::size_t max_segments = 0;    ///< segments in one path (1024)
  std::size_t max_path_bytes = 0;  ///< bytes in one path, separators not counted (65536)
  std::size_t shards = 0;          ///< parts with an internal lock each, 1 to 256 (16); more count as 256
  /// segments in all the paths of one request together (16384)
  std::size_t max_request_segments = 0;
};

/** A lock manager. A handle: copies are the same manager. Every function may be
 *  called from any thread. */
class manager {
 public:
  /** A new manager, with nothing locked. */
  manager() : manager(options()) {}

  /** A new manager with settings of its own. */
  explicit manager(const options& settings) {
    oarlock_manager_options c_options = OARLOCK_MANAGER_OPTIONS_INIT;
    c_options.max_claims = settings.max_claims;
    c_options.max_segments = settings.max_segments;
    c_options.max_path_bytes = settings.max_path_bytes;
    c_options.shards = settings.shards;
    c_options.max_request_segments = settings.max_request_segments;
    adopt([&](oarlock_manager** out, oarlock_error** error) {
      return oarlock_manager_new(&c_options, out, error);
    });
  }

  /** The manager of this name in this process, shared with everything that uses
   *  the same copy of the library; made if there is none. */
  static manager named(std::string_view name) {
    manager result{nullptr};
    result.adopt([&](oarlock_manager** out, oarlock_error** error) {
      return oarlock_manager_named(detail::view(name), out, error);
    });
    return result;
  }

  /** Acquires all the claims together. Blocks for as long as it takes. */
  guard acquire(const claims& request) const { return acquire_ns(request, OARLOCK_FOREVER); }

  /** Acquires all the claims together. Blocks for at most the timeout, then
   *  throws timeout_error; 0 tries. A negative timeout is an error. */
  template <class Rep, class Period>
  guard acquire_for(const claims& request,
                    const std::chrono::duration<Rep, Period>& timeout) const {
    return acquire_ns(request, detail::nanoseconds(timeout));
  }

  /** As acquire_for, until a time point; one that has passed tries. */
  template <class Clock, class Duration>
  guard acquire_until(const claims& request,
                      const std::chrono::time_point<Clock, Duration>& deadline) const {
    return acquire_ns(request, detail::until(deadline));
  }

  /** Acquires all the claims together if that is possible at once; else nothing.
   *  Does not block. */
  [[nodiscard]] std::optional<guard> try_acquire(const claims& request) const {
    oarlock_lock lock = 0;
    std::uint64_t token = 0;
    const oarlock_status status = oarlock_try_acquire(
        handle_.get(), request.data(), request.size(), &lock, &token, nullptr);
    if (status == OARLOCK_ERR_WOULD_BLOCK) return std::nullopt;
    if (status != OARLOCK_OK) {
      // Once more for the details, which a refusal that is expected would waste.
      detail::failure failure;
      failure.check(oarlock_try_acquire(handle_.get(), request.data(), request.size(), &lock,
                                        &token, failure.out()));
    }
    return guard(handle_, lock, token);
  }

  /** Gives a request its place in the queue and returns at once. */
  pending enqueue(const claims& request) const {
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    detail::failure failure;
    failure.check(oarlock_enqueue(handle_.get(), request.data(), request.size(), &lock, &state,
                                  failure.out()));
    return pending(handle_, lock);
  }

  /** Gives a request its place in the queue and returns at once: a guard when it
   *  was granted at once; else a ticket, and done(oarlock_status, guard) is
   *  called exactly once with the outcome, the guard being empty unless the
   *  status is OARLOCK_OK. It is never called inside this call, perhaps on
   *  another thread before this call returns, with no internal lock held, on the
   *  thread whose release, cancel or close causes it. It must not throw. */
  template <class Done>
  std::variant<guard, ticket> enqueue(const claims& request, Done&& done) const {
    using state_type = detail::callback<std::decay_t<Done>>;
    std::unique_ptr<state_type> kept(new state_type{handle_, std::forward<Done>(done)});
    oarlock_lock lock = 0;
    oarlock_state state = 0;
    detail::failure failure;
    failure.check(oarlock_enqueue_callback(handle_.get(), request.data(), request.size(),
                                           state_type::call, kept.release(), state_type::drop,
                                           &lock, &state, failure.out()));
    if (state == OARLOCK_WAITING) return ticket(handle_, lock);
    std::uint64_t token = 0;
    guard granted(handle_, lock, 0);
    detail::check(oarlock_lock_token(handle_.get(), lock, &token));
    granted.token_ = token;
    return granted;
  }

  /** Cancels a request that waits, by its id: for another thread than the one that
   *  is blocked in pending::wait, which then throws cancelled_error. (A wait that
   *  begins only after the cancel throws an error with OARLOCK_ERR_STALE.) A
   *  callback gets OARLOCK_ERR_CANCELLED, inside this call. Cancel and grant race:
   *  false if the grant won, and then the request is held and nothing changes.
   *  Throws OARLOCK_ERR_STALE if the request has ended or is another manager's.
   *  Does not block; callbacks of requests that this lets in run inside. */
  bool cancel(oarlock_lock id) const {
    const oarlock_status status = oarlock_cancel(handle_.get(), id);
    if (status == OARLOCK_ERR_GRANTED) return false;
    detail::check(status);
    return true;
  }

  /** Ends a request by its id: releases it when it is granted, cancels it when it
   *  waits. The guard or pending that it came from holds nothing any more: its
   *  destructor does nothing, its release or wait throws. Throws
   *  OARLOCK_ERR_STALE if the request has ended or is another manager's. Does not
   *  block; callbacks of requests that this lets in run inside. */
  void release(oarlock_lock id) const { detail::check(oarlock_release(handle_.get(), id)); }

  /** Closes: every waiting request, and every later one, ends with closed_error.
   *  Locks that are held stay held until they are released. Does not block. */
  void close() const { detail::check(oarlock_manager_close(handle_.get())); }

  /** The C handle, valid while this object or a copy of it lives. */
  oarlock_manager* native() const noexcept { return handle_.get(); }

 private:
  friend class mutex;
  explicit manager(std::nullptr_t) noexcept {}

  template <class Make>
  void adopt(Make make) {
    oarlock_manager* made = nullptr;
    detail::failure failure;
    failure.check(make(&made, failure.out()));
    handle_ = detail::handle(made, oarlock_manager_free);
  }

  guard acquire_ns(const claims& request, std::int64_t timeout_ns) const {
    oarlock_lock lock = 0;
    std::uint64_t token = 0;
    detail::failure failure;
    failure.check(oarlock_acquire(handle_.get(), request.data(), request.size(), timeout_ns, &lock,
                                  &token, failure.out()));
    return guard(handle_, lock, token);
  }

  detail::handle handle_;
};

/** A path of a manager as a mutex of the standard library's kind: usable by
 *  std::unique_lock, std::shared_lock, std::scoped_lock and std::lock.
 *
 *  lock is a write claim on the path, lock_shared a read claim. Several mutex
 *  objects on one path are the same lock, and any number of threads may use one
 *  object. It is not recursive, and covers what lies below: a thread that holds
 *  one on "a" waits for itself if it locks another on "a" or "a/b". To hold
 *  several paths at once, one manager::acquire is fairer and cannot deadlock.
 *
 *  The ids of shared holders stand in a small table of the object. They are all
 *  read claims on one path, so unlock_shared ends any one of them. */
class mutex {
 public:
  /** On a path given as text. An empty segment in it is refused by lock. */
  mutex(const manager& locks, std::string_view text)
      : handle_(locks.handle_), write_(write(text)), read_(read(text)) {}
  /** On a path given as segments. */
  mutex(const manager& locks, std::initializer_list<std::string_view> segments)
      : handle_(locks.handle_), write_(write(segments)), read_(read(segments)) {}
  /** On a path given as a container of segments. */
  template <class List, std::enable_if_t<detail::is_list<List>::value, int> = 0>
  mutex(const manager& locks, const List& segments)
      : handle_(locks.handle_), write_(write(segments)), read_(read(segments)) {}
  mutex(const mutex&) = delete;
  mutex& operator=(const mutex&) = delete;
  /** Whoever holds it must have unlocked it before; what is forgotten ends here. */
  ~mutex() {
    end(exclusive_.load());
    for (const oarlock_lock lock : shared_) end(lock);
  }

  /** Blocks until the path is this caller's alone. */
  void lock() { take(write_, OARLOCK_FOREVER); }
  /** Does not block. */
  bool try_lock() { return take(write_, 0); }
  /** Blocks for at most the timeout; 0 or a negative one tries. */
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& timeout) {
    return take(write_, at_most(timeout));
  }
  /** Blocks until the time point at most. */
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return take(write_, detail::until(deadline));
  }
  /** Does not block. Throws if nobody holds it. */
  void unlock() { finish(exclusive_.exchange(0)); }

  /** Blocks until nobody has the path for itself. */
  void lock_shared() { take(read_, OARLOCK_FOREVER); }
  /** Does not block. */
  bool try_lock_shared() { return take(read_, 0); }
  /** Blocks for at most the timeout; 0 or a negative one tries. */
  template <class Rep, class Period>
  bool try_lock_shared_for(const std::chrono::duration<Rep, Period>& timeout) {
    return take(read_, at_most(timeout));
  }
  /** Blocks until the time point at most. */
  template <class Clock, class Duration>
  bool try_lock_shared_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return take(read_, detail::until(deadline));
  }
  /** Does not block. Throws if nobody holds it. */
  void unlock_shared() {
    // A forked child may find the table's guard locked by a thread of the parent.
    if (oarlock_manager_check(handle_.get()) == OARLOCK_ERR_FORKED) return;
    oarlock_lock lock = 0;
    {
      const std::lock_guard<std::mutex> hold(table_);
      if (!shared_.empty()) {
        lock = shared_.back();
        shared_.pop_back();
      }
    }
    finish(lock);
  }

  /** The fencing token of whoever holds it exclusively; 0 if nobody does. For
   *  the holder to call. */
  std::uint64_t token() const {
    std::uint64_t token = 0;
    const oarlock_lock lock = exclusive_.load();
    if (lock != 0) detail::check(oarlock_lock_token(handle_.get(), lock, &token));
    return token;
  }

 private:
  template <class Rep, class Period>
  static std::int64_t at_most(const std::chrono::duration<Rep, Period>& timeout) {
    using duration = std::chrono::duration<Rep, Period>;
    return timeout < duration::zero() ? 0 : detail::nanoseconds(timeout);
  }

  /** False when the time is up. */
  bool take(const claim& wanted, std::int64_t timeout_ns) {
    const claims request(wanted);
    oarlock_lock lock = 0;
    const oarlock_status status = oarlock_acquire(handle_.get(), request.data(), request.size(),
                                                  timeout_ns, &lock, nullptr, nullptr);
    if (status == OARLOCK_ERR_TIMEOUT) return false;
    detail::check(status);
    if (wanted.mode() == mode::write) {
      exclusive_.store(lock);
      return true;
    }
    try {
      const std::lock_guard<std::mutex> hold(table_);
      shared_.push_back(lock);
    } catch (...) {
      end(lock);
      throw;
    }
    return true;
  }

  /** Ends a request. In a forked child there is nothing to end. */
  void finish(oarlock_lock lock) {
    const oarlock_status status = oarlock_release(handle_.get(), lock);
    if (status != OARLOCK_ERR_FORKED) detail::check(status);
  }

  void end(oarlock_lock lock) noexcept {
    if (lock != 0) oarlock_release(handle_.get(), lock);
  }

  const detail::handle handle_;
  const claim write_;
  const claim read_;
  /** The exclusive request's id, or 0; written by its holder. */
  std::atomic<oarlock_lock> exclusive_{0};
  /** Guards shared_. */
  std::mutex table_;
  /** The ids of the shared requests. */
  std::vector<oarlock_lock> shared_;
};

}  // namespace oarlock

#endif  // OARLOCK_HPP
