// A path's own entry in C++: paths, claims, mutexes, what is seen.
#include "thrown.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

using oarlock::path;
using oarlock::read;
using oarlock::read_entry;
using oarlock::write;
using oarlock::write_entry;

static void a_path_tells_its_entry_from_all_else() {
  const path plain = "a";
  const path entry = plain.entry();
  CHECK(entry.is_entry() && !plain.is_entry() && !path().is_entry());
  CHECK(entry != plain && entry.entry() == entry && entry == path({"a"}).entry());
  CHECK(entry.segments() == plain.segments() && entry.text() == "a");
  const path copy = entry;
  path moved = path(copy);
  const path taken = std::move(moved);
  CHECK(copy == entry && taken.is_entry());
  // A path, its entry, all below it.
  const std::vector<path> sorted = {path(),       path().entry(),     path({""}),
                                    {"a"},        path("a").entry(),  path({"a", ""}),
                                    path("a/b"),  path("a/b").entry(), path("a!")};
  for (std::size_t i = 0; i < sorted.size(); i++) {
    for (std::size_t j = 0; j < sorted.size(); j++) {
      CHECK((sorted[i] < sorted[j]) == (i < j) && (sorted[i] == sorted[j]) == (i == j));
      CHECK((sorted[i] > sorted[j]) == (i > j) && (sorted[i] <= sorted[j]) == (i <= j));
    }
  }
  const std::set<path> ordered(sorted.rbegin(), sorted.rend());
  const std::unordered_set<path> hashed(sorted.begin(), sorted.end());
  CHECK(std::equal(ordered.begin(), ordered.end(), sorted.begin(), sorted.end()));
  CHECK(hashed.size() == sorted.size() && hashed.count(path({"a", "b"}).entry()) == 1);
  CHECK(std::hash<path>()(entry) == std::hash<path>()(path({"a"}).entry()));
}

static void beside_what_is_below() {
  const oarlock::manager manager;
  const oarlock::guard names = manager.acquire(write_entry("home"));
  CHECK(manager.try_acquire(write("home/file")) && manager.try_acquire(write_entry("")));
  CHECK(!manager.try_acquire(read("home")) && !manager.try_acquire(read_entry({"home"})));
  CHECK(!manager.would_grant(read("")));
  const std::vector<std::string> list = {"x", "y/z"};
  const oarlock::guard listed = manager.acquire(read_entry(list).limit(1));
  CHECK(!manager.try_acquire(read_entry(list).limit(1)) && manager.try_acquire(read_entry(list)));
}

static void what_is_seen_can_be_asked_for_again() {
  const oarlock::manager manager;
  oarlock::guard held = manager.acquire({write("a/b"), write_entry("a")});
  const auto seen = manager.inspect(path("a").entry());
  CHECK(seen.size() == 1 && manager.inspect("a/c").empty());
  const std::vector<oarlock::claim>& claims = seen[0].claims;
  CHECK(claims.size() == 2 && claims[0].path() == path("a").entry() && claims[1].path() == "a/b");
  CHECK(!manager.would_grant(claims[0]));
  CHECK_STATUS(OARLOCK_ERR_NOT_CLAIMED, thrown([&] { return held.release_part("a"); }));
  CHECK(held.release_part(claims[0].path()) && manager.would_grant(claims[0]));
}

static void a_mutex_may_be_an_entry() {
  const oarlock::manager manager;
  oarlock::mutex names(manager, path("home").entry());
  names.lock();
  CHECK(manager.try_acquire(write("home/file")) && !manager.try_acquire(read("home")));
  names.unlock();
}

static void what_is_refused_of_a_path_is_refused_of_its_entry() {
  const oarlock::manager manager;
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, thrown([&] { return manager.acquire(read_entry("a/")); }));
  CHECK_STATUS(OARLOCK_ERR_LIMIT_ON_WRITE,
               thrown([&] { return manager.acquire(write_entry("a").limit(1)); }));
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT,
               thrown([&] { return manager.acquire(write_entry({"a/b"})); }));
}

static void an_upgradable_read_is_upgraded_alone() {
  const oarlock::manager manager;
  oarlock::guard mine = manager.acquire(oarlock::upgradable("page"));
  CHECK(!manager.try_acquire(oarlock::upgradable({"page"})));
  {
    const auto reader = manager.try_acquire(read("page"));
    CHECK(reader && !mine.try_upgrade());
  }
  const oarlock::pending next = manager.enqueue(oarlock::upgradable("page"));
  CHECK(mine.try_upgrade() && !manager.try_acquire(read("page")));
  CHECK(oarlock::upgradable("page").limit() == 1u &&
        oarlock::upgradable("page").mode() == oarlock::mode::read);
}

int main() {
  RUN(a_path_tells_its_entry_from_all_else);
  RUN(beside_what_is_below);
  RUN(what_is_seen_can_be_asked_for_again);
  RUN(a_mutex_may_be_an_entry);
  RUN(what_is_refused_of_a_path_is_refused_of_its_entry);
  RUN(an_upgradable_read_is_upgraded_alone);
  return check_failed_tests != 0;
}
