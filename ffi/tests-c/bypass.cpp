// Who holds goes ahead of those that wait for it, in C++.
#include "thrown.hpp"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;
using oarlock::guard;
using oarlock::read;
using oarlock::result;
using oarlock::write;

constexpr int ways = 8;

/* Asks for a claim that is had at once, or not at all. */
static std::optional<guard> ask(const oarlock::manager& manager, int way,
                                const oarlock::claim& wanted, const oarlock::owner& owner) {
  const auto told = [](result<guard>) noexcept {};
  const oarlock::queue queue(manager);
  switch (way) {
    case 0: return manager.acquire(wanted, owner);
    case 1: return manager.acquire_for(wanted, 1h, owner);
    case 2: return manager.acquire_until(wanted, std::chrono::steady_clock::now() + 1h, owner);
    case 3: return manager.try_acquire(wanted, owner);
    case 4: {
      oarlock::pending pending = manager.enqueue(wanted, owner);
      CHECK(pending.granted());
      return pending.wait();
    }
    case 5: return std::get<guard>(manager.enqueue(wanted, told, owner));
    case 6: return std::get<guard>(manager.enqueue_for(wanted, 1h, told, owner));
    default: return std::get<guard>(queue.enqueue(wanted, nullptr, owner));
  }
}

static void goes_ahead(const oarlock::claim& held, const oarlock::claim& waiting,
                       const oarlock::claim& wanted) {
  for (int way = 0; way < ways; way++) {
    const oarlock::manager manager;
    const oarlock::owner owner = manager.new_owner(), other = manager.new_owner();
    guard first = manager.acquire(held, owner);
    const oarlock::pending waits = manager.enqueue(waiting);
    CHECK(!manager.would_grant(wanted, other) && manager.would_grant(wanted, owner));
    std::optional<guard> second = ask(manager, way, wanted, owner);
    CHECK(second && *second);
    first.release();
    CHECK(!waits.granted());
    second.reset();
    CHECK(waits.granted());
  }
}

static void a_second_row_beside_an_auditor() {
  goes_ahead(write("t/1"), read("t"), write("t/2"));
  goes_ahead(write("1"), read(""), write("2"));
}

static void a_row_becomes_the_table() {
  goes_ahead(write("t/1"), read("t"), write("t"));
  goes_ahead(write("t/1"), write("t/1"), write("t"));
}

static void shared_becomes_exclusive() {
  goes_ahead(read("a"), write("a"), write("a"));
  goes_ahead(read("t/1"), write("t"), write("t/1"));
}

static void a_cycle_of_holders_is_refused_by_every_call() {
  const oarlock::manager manager;
  const oarlock::owner one = manager.new_owner(), two = manager.new_owner();
  const guard a = manager.acquire(write("a"), one);
  guard b = manager.acquire(write("b"), two);
  const oarlock::pending waits = manager.enqueue(write("b"), {one, "waits"});
  for (int way = 0; way < ways; way++) {
    try {
      CHECK(!ask(manager, way, write("a"), two) && way == 3);
    } catch (const oarlock::deadlock_error& error) {
      CHECK(way != 3 && error.parties().size() == 2);
      CHECK(error.parties()[0].owner == two.id() && error.parties()[1].id == waits.id());
    }
  }
  CHECK(!waits.granted() && manager.stats().deadlocks == ways - 1);
  b.release();
  CHECK(waits.granted());
}

/* Somebody's release grants it, and nobody has asked how it ended: it writes. */
static void an_upgrade_is_in_force_when_it_is_granted() {
  for (int way = 0; way < ways; way++) {
    const oarlock::manager manager;
    const oarlock::owner owner = manager.new_owner();
    guard held = manager.acquire(read("a"), owner), other = manager.acquire(read("a"));
    CHECK(!held.enqueue_upgrade());
    const oarlock::pending waits = manager.enqueue(read("a/b"));
    other.release();
    std::optional<guard> below = ask(manager, way, write("a/b"), owner);
    CHECK(below && *below);
    held.release();
    CHECK(!waits.granted());
    below.reset();
    CHECK(waits.granted());
  }
}

int main() {
  RUN(a_second_row_beside_an_auditor);
  RUN(a_row_becomes_the_table);
  RUN(shared_becomes_exclusive);
  RUN(a_cycle_of_holders_is_refused_by_every_call);
  RUN(an_upgrade_is_in_force_when_it_is_granted);
  return check_failed_tests != 0;
}
