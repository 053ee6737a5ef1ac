// The requests of a scenario, by their names, and the three ways to wait for them.
#ifndef REQUESTS_HPP
#define REQUESTS_HPP

#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <oarlock.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "words.hpp"

/** How the outcome of what waits is heard of. */
enum class way { wait, callback, queue };

enum class standing { waiting, held, upgrading, closed, ended };

/** One request. */
struct request {
  oarlock::lock_id id = 0;
  enum standing standing = standing::waiting;
  oarlock::guard guard;      // while it is held
  oarlock::pending pending;  // while it waits, if that is the way
  int untold = 0;            // outcomes that are still to come

  /** It was granted, or why not. */
  void told(oarlock::result<oarlock::guard> outcome) noexcept {
    --untold;
    if (standing == standing::ended) return;
    if (outcome) {
      guard = std::move(*outcome);
      standing = standing::held;
    } else {
      standing = outcome.code() == OARLOCK_ERR_CLOSED ? standing::closed : standing::ended;
    }
  }

  /** Its upgrade was granted, or not. */
  void told_of_upgrade() noexcept {
    --untold;
    if (standing == standing::upgrading) standing = standing::held;
  }
};

class requests {
 public:
  requests(way chosen, std::size_t max_waiting) : way_(chosen), manager_(settings(max_waiting)) {
    if (way_ == way::queue) queue_.emplace(manager_);
  }
  requests(const requests&) = delete;
  requests& operator=(const requests&) = delete;
  ~requests() {
    for (auto& [name, one] : by_name_) one->pending = oarlock::pending();
    manager_.close();
    drain();
    for (const auto& [name, one] : by_name_) {
      if (one->untold != 0) std::abort();
    }
  }

  /** Throws what the library throws; false if it would have to wait and is not to. */
  bool arrive(const std::string& name, const asked& wanted, bool trying) {
    const auto made = std::make_shared<request>();
    const oarlock::request_options about = options(wanted);
    if (trying) {
      std::optional<oarlock::guard> granted = manager_.try_acquire(wanted.claims, about);
      if (!granted) return false;
      hold(*made, std::move(*granted));
    } else {
      place(*made, wanted.claims, about);
    }
    by_name_[name] = made;
    drain();  // a request with an owner may let in, or end, others
    return true;
  }

  bool would_grant(const asked& wanted) {
    return manager_.would_grant(wanted.claims, options(wanted));
  }

  request& find(const std::string& name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) throw nonsense("no such request");
    look(*found->second);
    return *found->second;
  }

  /** The name of a request, or this. */
  std::string name_of(oarlock::lock_id id, const std::string& otherwise) const {
    for (const auto& [name, one] : by_name_) {
      if (one->id == id) return name;
    }
    return otherwise;
  }

  void upgrade(request& one) {
    const auto told = [&one](oarlock::result<std::uint64_t>) noexcept { one.told_of_upgrade(); };
    bool done = false;
    switch (way_) {
      case way::wait:
        done = one.guard.enqueue_upgrade();
        break;
      case way::callback:
        done = one.guard.upgrade(told);
        break;
      case way::queue:
        done = queue_->upgrade(one.guard, &one);
        break;
    }
    if (!done) {
      one.standing = standing::upgrading;
      if (way_ != way::wait) ++one.untold;
    }
    drain();
  }

  /** False if none waited. */
  bool cancel_upgrade(request& one) {
    const bool cancelled = one.guard.cancel_upgrade();
    drain();
    return cancelled;
  }

  void downgrade(request& one) {
    one.guard.downgrade();
    drain();
  }

  /** False if nothing is left. */
  bool release_part(request& one, const oarlock::path& part) {
    const bool left = one.guard.release_part(part);
    if (!left) one.standing = standing::ended;
    drain();
    return left;
  }

  void unlock(request& one) {
    if (one.guard) {
      one.standing = standing::ended;
      one.guard.release();
    } else if (way_ == way::wait) {
      if (!one.pending.cancel()) one.pending.wait().release();
    } else if (!manager_.cancel(one.id)) {
      throw nonsense("granted, and nobody was told");
    }
    one.standing = standing::ended;
    drain();
  }

  void close() {
    // What has ended by now was not ended by this.
    for (auto& [name, one] : by_name_) look(*one);
    manager_.close();
    drain();
  }

  const oarlock::manager& manager() const noexcept { return manager_; }

 private:
  static oarlock::options settings(std::size_t max_waiting) {
    oarlock::options chosen;
    chosen.max_waiting = max_waiting;
    return chosen;
  }

  oarlock::request_options options(const asked& wanted) {
    oarlock::request_options about = oarlock::labelled(wanted.label);
    if (wanted.owner) {
      auto found = owners_.find(*wanted.owner);
      if (found == owners_.end()) {
        found = owners_.emplace(*wanted.owner, manager_.new_owner()).first;
      }
      about.owner = found->second;
    }
    return about;
  }

  static void hold(request& one, oarlock::guard granted) {
    one.id = granted.id();
    one.guard = std::move(granted);
    one.standing = standing::held;
  }

  void place(request& one, const oarlock::claims& wanted, const oarlock::request_options& about) {
    if (way_ == way::wait) {
      one.pending = manager_.enqueue(wanted, about);
      one.id = one.pending.id();
      look(one);
      return;
    }
    const auto told = [&one](oarlock::result<oarlock::guard> outcome) noexcept {
      one.told(std::move(outcome));
    };
    oarlock::enqueued begun = way_ == way::callback ? manager_.enqueue(wanted, told, about)
                                                    : queue_->enqueue(wanted, &one, about);
    if (auto* const granted = std::get_if<oarlock::guard>(&begun)) {
      hold(one, std::move(*granted));
    } else {
      one.id = std::get<oarlock::ticket>(begun).id();
      ++one.untold;
    }
  }

  /** Fetches what lies in the queue: every outcome of a call is there when it returns. */
  void drain() {
    if (!queue_) return;
    queue_->drain([](oarlock::completion&& got) noexcept {
      auto& one = *static_cast<request*>(got.data());
      if (got.kind() == oarlock::completion_kind::upgrade) one.told_of_upgrade();
      else one.told(got.outcome());
    });
  }

  /** Without a function or a queue the library has to be asked. */
  void look(request& one) {
    if (way_ != way::wait) return;
    if (one.pending) {
      oarlock::result<oarlock::guard> outcome =
          one.pending.nothrow().wait_for(std::chrono::seconds(0));
      if (outcome.code() == OARLOCK_ERR_TIMEOUT) return;
      // Nobody was in a wait to hear of the circle.
      if (outcome.code() == OARLOCK_ERR_STALE) outcome = oarlock::failure(OARLOCK_ERR_DEADLOCK);
      one.pending = oarlock::pending();
      ++one.untold;
      one.told(std::move(outcome));
    }
    if (!one.guard) return;
    const bool upgrading = one.guard.upgrade_state() == oarlock::upgrade_state::waiting;
    one.standing = upgrading ? standing::upgrading : standing::held;
  }

  const way way_;
  const oarlock::manager manager_;
  std::map<std::string, oarlock::owner> owners_;
  // Functions and completions refer to requests.
  std::map<std::string, std::shared_ptr<request>> by_name_;
  std::optional<oarlock::queue> queue_;
};

#endif  // REQUESTS_HPP
