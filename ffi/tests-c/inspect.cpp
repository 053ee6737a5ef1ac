// Looking at a manager in C++: requests, blockers, statistics, watches, its name.
#include "thrown.hpp"

#include <mutex>
#include <set>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using oarlock::lock_state;
using oarlock::read;
using oarlock::request_info;
using oarlock::write;

static void requests_are_seen() {
  const oarlock::manager manager;
  const oarlock::owner owner = manager.new_owner();
  const oarlock::guard held =
      manager.acquire({write("b"), read({"a", "x/y"}).limit(3)}, {owner, "holder"});
  const oarlock::pending waits = manager.enqueue(read("b/c"));
  const std::vector<request_info> all = manager.inspect();
  CHECK(all.size() == 2);
  CHECK(all[0].id == held.id() && all[0].state == lock_state::granted && !all[0].upgrading);
  CHECK(all[0].token == held.token() && all[0].owner == owner.id() && all[0].label == "holder");
  CHECK(all[0].claims.size() == 2 && all[0].age >= 0ns && all[0].age < 1h);
  CHECK(all[0].claims[0].path() == oarlock::path({"a", "x/y"}));
  CHECK(all[0].claims[0].mode() == oarlock::mode::read && all[0].claims[0].limit() == 3u);
  CHECK(all[0].claims[1].path() == "b" && all[0].claims[1].mode() == oarlock::mode::write);
  CHECK(all[1].id == waits.id() && all[1].state == lock_state::waiting && all[1].token == 0);
  CHECK(all[1].owner == 0 && all[1].label.empty());
  CHECK(manager.inspect("a").size() == 1 && manager.inspect({"b", "c", "d"}).size() == 2);
  CHECK(manager.inspect("z").empty());
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, thrown([&] { return manager.inspect("z//"); }));
  CHECK(manager.inspect_lock(waits.id()).claims[0].path().text() == "b/c");
  CHECK(manager.state(held.id()) == lock_state::granted);
  CHECK(manager.state(waits.id()) == lock_state::waiting);
  CHECK(throws<oarlock::stale_error>([&] { return manager.inspect_lock(77); }));
  // What was seen can be asked for again.
  CHECK(!manager.try_acquire(all[1].claims) && manager.would_grant(all[0].claims[0]));
}

static void blockers_are_named() {
  const oarlock::manager manager;
  std::vector<oarlock::guard> readers;
  std::set<oarlock::lock_id> ids;
  for (int i = 0; i < 40; i++) {
    readers.push_back(manager.acquire(read("a")));
    ids.insert(readers.back().id());
  }
  const oarlock::pending writer = manager.enqueue(write("a"));
  const std::vector<oarlock::lock_id> found = manager.blockers(writer.id());
  CHECK(found.size() == 40 && std::set<oarlock::lock_id>(found.begin(), found.end()) == ids);
  CHECK(manager.blockers(readers[0].id()).empty());
}

static void counts_are_kept() {
  oarlock::options settings;
  settings.hold_times = true;
  const oarlock::manager manager(settings);
  oarlock::guard held = manager.acquire(write("a"));
  CHECK(!manager.try_acquire(read("a")));
  oarlock::pending waits = manager.enqueue(read("a"));
  oarlock::statistics now = manager.stats();
  CHECK(now.held == 1 && now.waiting == 1 && now.grants == 1 && now.immediate_grants == 1);
  CHECK(now.waits == 1 && now.refused == 1 && now.wait_time.count() == 0);
  CHECK(!now.wait_time.quantile(0.5));
  held.release();
  waits.wait().release();
  now = manager.stats();
  CHECK(now.held == 0 && now.waiting == 0 && now.grants == 2 && now.releases == 2);
  CHECK(now.wait_time.count() == 1 && now.hold_time.count() == 2);
  CHECK(now.hold_time.quantile(1) >= now.hold_time.quantile(0));
  CHECK(now.wait_time.quantile(0.5) > 0ns);
}

static void a_bound_on_those_that_wait() {
  oarlock::options settings;
  settings.max_waiting = 1;
  const oarlock::manager manager(settings);
  const oarlock::guard held = manager.acquire(write("a"));
  const oarlock::pending waits = manager.enqueue(write("a"));
  CHECK(throws<oarlock::too_many_waiting_error>([&] { return manager.enqueue(write("a")); }));
  CHECK(manager.try_acquire(write("b")).has_value());
}

static void a_watch_tells_once() {
  const oarlock::manager manager;
  std::mutex mutex;
  std::vector<std::string> told;  // guarded by mutex
  const auto count = [&] {
    const std::lock_guard<std::mutex> hold(mutex);
    return told.size();
  };
  const auto kept = std::make_shared<int>(0);
  oarlock::watch watch = manager.watch(1ms, [&, kept](const request_info& info) noexcept {
    const std::lock_guard<std::mutex> hold(mutex);
    told.push_back(info.label + (info.state == lock_state::waiting ? " waits" : " holds"));
  });
  CHECK(watch && kept.use_count() == 2);
  oarlock::guard held = manager.acquire(write("a"), oarlock::labelled("first"));
  EVENTUALLY(count() == 1);
  const oarlock::pending waits = manager.enqueue(write("a"), oarlock::labelled("second"));
  EVENTUALLY(count() == 2);
  held.release();
  EVENTUALLY(count() == 3);
  oarlock::watch moved = std::move(watch);
  CHECK(!watch && moved);
  moved.stop();
  CHECK(!moved && kept.use_count() == 1);
  CHECK(told == (std::vector<std::string>{"first holds", "second waits", "second holds"}));
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, thrown([&] {
                 return manager.watch(-1s, [](const request_info&) noexcept {});
               }));
}

static void names() {
  const oarlock::manager nameless, named = oarlock::manager::named("caf\xc3\xa9");
  CHECK(!nameless.name() && named.name() == "caf\xc3\xa9");
  CHECK(oarlock::manager::named("").name() == "");
}

static void closing() {
  const oarlock::manager manager;
  CHECK(!manager.is_closed());
  manager.close();
  manager.close();
  CHECK(manager.is_closed() && manager.inspect().empty());
}

int main() {
  RUN(requests_are_seen);
  RUN(blockers_are_named);
  RUN(counts_are_kept);
  RUN(a_bound_on_those_that_wait);
  RUN(a_watch_tells_once);
  RUN(names);
  RUN(closing);
  return check_failed_tests != 0;
}
