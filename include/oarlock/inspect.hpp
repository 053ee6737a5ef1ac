/* inspect.hpp: who holds and waits, and what a manager has done. A part of
 * oarlock.hpp. */
#ifndef OARLOCK_INSPECT_HPP
#define OARLOCK_INSPECT_HPP

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "answer.hpp"
#include "callback.hpp"
#include "claim.hpp"
#include "time.hpp"

namespace oarlock {

/** One request, as it stood when it was looked at. */
struct request_info {
  lock_id id = 0;                          ///< its number
  lock_state state = lock_state::waiting;  ///< whether it is granted
  std::uint64_t token = 0;                 ///< its fencing token; 0 while it waits
  std::uint64_t owner = 0;                 ///< its owner's id, or 0
  std::string label;                       ///< what people call it; mostly empty
  std::chrono::nanoseconds age{0};         ///< how long it has been held, or has waited
  std::vector<claim> claims;  ///< without those that others cover, in the order of their paths
  bool upgrading = false;     ///< whether it is granted and its upgrade waits
};

/** How often something took how long, in powers of two. */
struct histogram {
  /** Bucket i counts what took less than 2^i nanoseconds, and not less than half of
   *  that; the last one everything longer, too. */
  std::array<std::uint64_t, 48> buckets{};

  /** How many there were. */
  std::uint64_t count() const noexcept {
    std::uint64_t sum = 0;
    for (const std::uint64_t bucket : buckets) sum += bucket;
    return sum;
  }

  /** A time that this share of all, from 0 to 1, stayed below: the upper end of a
   *  bucket. Nothing if there were none. */
  std::optional<std::chrono::nanoseconds> quantile(double share) const noexcept {
    const std::uint64_t all = count();
    if (all == 0) return std::nullopt;
    const double wanted = static_cast<double>(all) * (share < 0 ? 0 : share > 1 ? 1 : share);
    std::uint64_t seen = 0;
    std::size_t last = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i] == 0) continue;
      seen += buckets[i];
      last = i;
      if (static_cast<double>(seen) >= wanted) break;
    }
    return std::chrono::nanoseconds(std::int64_t{1} << last);
  }
};

/** What a manager has done since it was made, and what stands now. */
struct statistics {
  std::uint64_t held = 0;              ///< requests that are granted now
  std::uint64_t waiting = 0;           ///< requests that wait now; upgrades are not counted
  std::uint64_t grants = 0;            ///< requests granted, at once or after a wait
  std::uint64_t immediate_grants = 0;  ///< requests granted at once
  std::uint64_t waits = 0;             ///< requests that had to wait
  std::uint64_t releases = 0;          ///< granted requests that have ended
  std::uint64_t cancels = 0;           ///< waiting requests that ended without the lock
  std::uint64_t timeouts = 0;          ///< requests and upgrades whose time was up
  std::uint64_t deadlocks = 0;         ///< requests and upgrades refused with a deadlock
  std::uint64_t refused = 0;           ///< refused tries, and requests when too many waited
  std::uint64_t upgrades = 0;          ///< upgrades granted
  histogram wait_time;                 ///< of the requests granted after a wait
  histogram hold_time;                 ///< only with options::hold_times
};

/** Calls a function for requests that are held or awaited for long. Its destructor ends
 *  that, and waits for the function if it is running (unless it runs inside it).
 *  Move-only; from manager::watch. */
class [[nodiscard]] watch {
 public:
  /** One that watches nothing. */
  watch() noexcept = default;

  /** Ends it now. */
  void stop() noexcept { watch_.reset(); }

  /** Whether it watches. */
  explicit operator bool() const noexcept { return watch_ != nullptr; }

 private:
  template <class, class>
  friend class look_operations;
  struct free {
    void operator()(oarlock_watch* it) const noexcept { oarlock_watch_free(it); }
  };
  explicit watch(oarlock_watch* made) noexcept : watch_(made) {}

  std::unique_ptr<oarlock_watch, free> watch_;
};

namespace detail {

/** A copy of what C lends. */
inline request_info copied(const oarlock_request_info& from) {
  request_info info;
  info.id = from.lock;
  info.state = static_cast<lock_state>(from.state);
  info.token = from.token;
  info.owner = from.owner;
  info.label = std::string(view(from.label));
  info.age = std::chrono::nanoseconds(static_cast<std::int64_t>(from.age_ns));
  info.upgrading = from.upgrading != 0;
  info.claims.reserve(from.claim_count);
  for (std::size_t i = 0; i < from.claim_count; ++i) {
    const oarlock_claim& one = from.claims[i];
    const bool write = one.mode == OARLOCK_WRITE;
    claim copy(write ? mode::write : mode::read, copied(one.path));
    if (one.mode == OARLOCK_READ_LIMITED) copy.limit(one.limit);
    info.claims.push_back(std::move(copy));
  }
  return info;
}

/** What C saw, copied; and C's copy freed. */
inline result<std::vector<request_info>> copied(oarlock_snapshot* seen) {
  const std::unique_ptr<oarlock_snapshot, void (*)(oarlock_snapshot*)> owned(
      seen, oarlock_snapshot_free);
  std::vector<request_info> all;
  const std::size_t count = oarlock_snapshot_count(seen);
  all.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    oarlock_request_info info = OARLOCK_REQUEST_INFO_INIT;
    const oarlock_status status = oarlock_snapshot_get(seen, i, &info);
    if (status != OARLOCK_OK) return failure(status);
    all.push_back(copied(info));
  }
  return all;
}

/** A watching function, as C calls it. */
template <class Hook>
struct watching {
  Hook hook;
  static void call(void* self, const oarlock_request_info* info) noexcept {
    static_cast<watching*>(self)->hook(copied(*info));
  }
  static void drop(void* self) noexcept { delete static_cast<watching*>(self); }
};

}  // namespace detail

/** Looking, which queues nothing and changes nothing: calls of a manager, and of its
 *  nothrow() view. */
template <class Self, class Errors>
class look_operations {
  template <class T>
  using answer = typename Errors::template answer<T>;

 public:
  /** The requests that hold or wait for something at this path, below it, or above it;
   *  from the root, all. Granted ones come first, then those that wait, each by age.
   *  Looks at every live request with all of the manager locked: for people and their
   *  tools, not for every second. */
  [[nodiscard]] answer<std::vector<request_info>> inspect(const path& where = {}) const {
    const detail::c_path c_where(where);
    detail::outcome fit = detail::path_access::check(where);
    if (!fit.ok()) {
      return Errors::give(result<std::vector<request_info>>(std::move(fit).why()));
    }
    return Errors::give(seen([&](oarlock_snapshot** out, oarlock_error** error) {
      return oarlock_inspect(native(), c_where.get(), out, error);
    }));
  }

  /** One request. Fails with OARLOCK_ERR_STALE if it has ended. */
  [[nodiscard]] answer<request_info> inspect_lock(lock_id id) const {
    result<std::vector<request_info>> all =
        seen([&](oarlock_snapshot** out, oarlock_error** error) {
          return oarlock_inspect_lock(native(), id, out, error);
        });
    if (!all) return Errors::give(result<request_info>(all.error()));
    if (all->empty()) return Errors::give(result<request_info>(failure(OARLOCK_ERR_STALE)));
    return Errors::give(result<request_info>(std::move(all->front())));
  }

  /** The requests that keep this one, or its upgrade, waiting now; none if it does not
   *  wait. Fails with OARLOCK_ERR_STALE if it has ended. */
  [[nodiscard]] answer<std::vector<lock_id>> blockers(lock_id id) const {
    std::vector<lock_id> found(16);
    for (;;) {
      std::size_t count = 0;
      const oarlock_status status =
          oarlock_blockers(native(), id, found.data(), found.size(), &count);
      if (status != OARLOCK_OK) return Errors::give(result<std::vector<lock_id>>(why(status)));
      const bool all = count <= found.size();
      found.resize(count);
      if (all) return Errors::give(result<std::vector<lock_id>>(std::move(found)));
    }
  }

  /** Where a request stands. Fails with OARLOCK_ERR_STALE if it has ended. */
  [[nodiscard]] answer<lock_state> state(lock_id id) const {
    oarlock_state state = 0;
    const oarlock_status status = oarlock_lock_state(native(), id, &state);
    if (status != OARLOCK_OK) return Errors::give(result<lock_state>(why(status)));
    return Errors::give(result<lock_state>(static_cast<lock_state>(state)));
  }

  /** The counts. Locks all of the manager for a moment. */
  [[nodiscard]] answer<statistics> stats() const {
    oarlock_stats from = OARLOCK_STATS_INIT;
    const oarlock_status status = oarlock_stats_get(native(), &from);
    if (status != OARLOCK_OK) return Errors::give(result<statistics>(why(status)));
    statistics to;
    to.held = from.held;
    to.waiting = from.waiting;
    to.grants = from.grants;
    to.immediate_grants = from.immediate_grants;
    to.waits = from.waits;
    to.releases = from.releases;
    to.cancels = from.cancels;
    to.timeouts = from.timeouts;
    to.deadlocks = from.deadlocks;
    to.refused = from.refused;
    to.upgrades = from.upgrades;
    for (std::size_t i = 0; i < to.wait_time.buckets.size(); ++i) {
      to.wait_time.buckets[i] = from.wait_time[i];
      to.hold_time.buckets[i] = from.hold_time[i];
    }
    return Errors::give(result<statistics>(to));
  }

  /** Calls hook(const request_info&), which must be noexcept, once for every request that
   *  has been held, or has waited, for longer than the threshold: once for the wait and
   *  once for the hold, up to a quarter of the threshold late, on a thread of the watch's.
   *  The watch does not keep the manager alive. */
  template <class Rep, class Period, class Hook>
  answer<oarlock::watch> watch(const std::chrono::duration<Rep, Period>& threshold,
                               Hook&& hook) const {
    static_assert(detail::is_callback<Hook, const request_info&>,
                  "a callback must be noexcept: [](const oarlock::request_info&) noexcept {...}");
    const detail::span limit = detail::nanoseconds(threshold);
    if (limit.status != OARLOCK_OK) {
      return Errors::give(result<oarlock::watch>(detail::refused(limit)));
    }
    using kept_type = detail::watching<std::decay_t<Hook>>;
    std::unique_ptr<kept_type> kept(new kept_type{std::forward<Hook>(hook)});
    oarlock_watch* made = nullptr;
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::int64_t threshold_ns = limit.ns == OARLOCK_FOREVER ? most : limit.ns;
    detail::outcome done = attempt([&](oarlock_error** error) {
      return oarlock_watch_new(native(), threshold_ns, kept_type::call, kept.release(),
                               kept_type::drop, &made, error);
    });
    if (!done.ok()) return Errors::give(result<oarlock::watch>(std::move(done).why()));
    return Errors::give(result<oarlock::watch>(oarlock::watch(made)));
  }

 protected:
  look_operations() = default;
  look_operations(const look_operations&) = default;
  look_operations& operator=(const look_operations&) = default;
  ~look_operations() = default;

  /** The failure that a status is, unless the manager was moved from. */
  failure why(oarlock_status status) const {
    return native() == nullptr ? detail::moved_from("manager") : failure(status);
  }

  /** Makes a C call, unless the manager was moved from. */
  template <class Call>
  detail::outcome attempt(Call call) const {
    return native() == nullptr ? detail::moved_from("manager") : detail::attempt(call);
  }

 private:
  oarlock_manager* native() const {
    return detail::target_access::of(static_cast<const Self&>(*this)).get();
  }

  template <class Look>
  result<std::vector<request_info>> seen(Look look) const {
    oarlock_snapshot* snapshot = nullptr;
    detail::outcome done = attempt([&](oarlock_error** error) { return look(&snapshot, error); });
    if (!done.ok()) return std::move(done).why();
    return detail::copied(snapshot);
  }
};

}  // namespace oarlock

#endif  // OARLOCK_INSPECT_HPP
