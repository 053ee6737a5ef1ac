// Guards that change: upgrades in every way, downgrades, parts.
#include "thrown.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;
using oarlock::read;
using oarlock::result;
using oarlock::upgrade_state;
using oarlock::write;

static void a_lone_reader_is_upgraded_at_once() {
  const oarlock::manager manager;
  oarlock::guard guard = manager.acquire({read("a"), read("b")});
  const std::uint64_t before = guard.token();
  guard.upgrade();
  CHECK(guard.token() > before && !manager.try_acquire(read("b")));
  CHECK(guard.upgrade_state() == upgrade_state::granted);
  guard.downgrade();
  CHECK(manager.try_acquire(read("a")) && !manager.try_acquire(write("a")));
  CHECK(guard.try_upgrade() && !manager.try_acquire(read("a")));
  guard.downgrade();
  guard.upgrade_for(1h);
  guard.downgrade();
  guard.upgrade_until(std::chrono::system_clock::now() + 1h);
  CHECK(!manager.try_acquire(read("a")));
}

static void others_are_waited_for() {
  const oarlock::manager manager;
  oarlock::guard one = manager.acquire(read("a")), two = manager.acquire(read("a"));
  CHECK(!one.try_upgrade());
  CHECK(throws<oarlock::timeout_error>([&] { one.upgrade_for(1ms); }));
  CHECK(throws<oarlock::timeout_error>([&] { one.upgrade_for(0s); }));
  CHECK(throws<oarlock::timeout_error>(
      [&] { one.upgrade_until(std::chrono::steady_clock::now()); }));
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, thrown([&] { one.upgrade_for(-1s); }));
  CHECK(manager.try_acquire(read("a")).has_value());  // nothing waits any more
  std::thread upgrader([&] { one.upgrade(); });
  const oarlock::lock_id id = one.id();
  EVENTUALLY(manager.inspect_lock(id).upgrading);
  two.release();
  upgrader.join();
  CHECK(!manager.try_acquire(read("a")));
}

static void the_second_upgrader_is_refused() {
  const oarlock::manager manager;
  oarlock::guard one = manager.acquire(read("a")), two = manager.acquire(read("a"));
  CHECK(!one.enqueue_upgrade());
  try {
    two.upgrade();
    CHECK(false);
  } catch (const oarlock::deadlock_error& error) {
    CHECK(error.parties().size() == 2 && error.parties()[0].id == two.id());
  }
  two.release();
  one.wait_upgrade();
  CHECK(!manager.try_acquire(read("a")));
}

static void an_upgrade_can_wait_for_itself() {
  const oarlock::manager manager;
  oarlock::guard one = manager.acquire(read("a")), two = manager.acquire(read("a"));
  CHECK(one.upgrade_state() == upgrade_state::not_upgraded);
  CHECK(!one.enqueue_upgrade());
  const std::uint64_t before = one.token();
  CHECK(one.upgrade_state() == upgrade_state::waiting && before != 0);
  CHECK_STATUS(OARLOCK_ERR_UPGRADE_WAITING, thrown([&] { one.downgrade(); }));
  CHECK_STATUS(OARLOCK_ERR_UPGRADE_WAITING, thrown([&] { return one.try_upgrade(); }));
  CHECK(one.cancel_upgrade() && !one.cancel_upgrade());
  CHECK(throws<oarlock::cancelled_error>([&] { one.wait_upgrade(); }));
  CHECK(!one.enqueue_upgrade());
  CHECK(throws<oarlock::timeout_error>([&] { one.wait_upgrade_for(1ms); }));
  CHECK(one.upgrade_state() == upgrade_state::not_upgraded);
  CHECK(!one.enqueue_upgrade());
  two.release();
  CHECK(one.token() > before);  // told by the library
  one.wait_upgrade_until(std::chrono::steady_clock::now() + 1h);
  CHECK(one.token() > before && one.upgrade_state() == upgrade_state::granted);
  CHECK(one.enqueue_upgrade());
}

static void an_upgrade_tells_a_function() {
  const oarlock::manager manager;
  oarlock::guard one = manager.acquire(read("a")), two = manager.acquire(read("a"));
  std::vector<oarlock_status> heard;
  std::uint64_t token = 0;
  const auto done = [&](result<std::uint64_t> outcome) noexcept {
    heard.push_back(outcome.code());
    token = outcome.value_or(0);
  };
  CHECK(!one.upgrade(done) && heard.empty());
  CHECK(one.cancel_upgrade());
  CHECK(heard == std::vector<oarlock_status>{OARLOCK_ERR_CANCELLED} && token == 0);
  CHECK(!one.upgrade_for(1h, done));
  two.release();
  CHECK(heard.size() == 2 && heard[1] == OARLOCK_OK && token == one.token());
  CHECK(one.upgrade(done) && heard.size() == 2);  // it writes already
  one.downgrade();
  two = manager.acquire(read("a"));
  CHECK(!one.upgrade_until(std::chrono::steady_clock::now() + 1h, done));
  one = oarlock::guard();
  CHECK(heard.size() == 3 && heard[2] == OARLOCK_ERR_CANCELLED);
  one = manager.acquire(read("a"));
  CHECK(throws<oarlock::timeout_error>([&] { return one.upgrade_for(0s, done); }));
  CHECK(heard.size() == 3);
}

static void an_upgrade_times_out_in_a_function() {
  const oarlock::manager manager;
  oarlock::guard one = manager.acquire(read("a"));
  const oarlock::guard two = manager.acquire(read("a"));
  std::atomic<oarlock_status> heard{OARLOCK_OK};
  CHECK(!one.upgrade_for(1ms, [&](result<std::uint64_t> outcome) noexcept {
    heard = outcome.code();
  }));
  EVENTUALLY(heard.load() == OARLOCK_ERR_TIMEOUT);
  CHECK(one.upgrade_state() == upgrade_state::not_upgraded);
}

static void parts_are_released() {
  const oarlock::manager manager;
  oarlock::guard guard = manager.acquire({write("a"), write({"b", "c/d"}), write("e")});
  CHECK(guard.release_part("a") && manager.try_acquire(write("a")).has_value());
  CHECK(guard.release_part({"b", "c/d"}) && manager.try_acquire(write("b")).has_value());
  CHECK_STATUS(OARLOCK_ERR_NOT_CLAIMED, thrown([&] { return guard.release_part("a"); }));
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, thrown([&] { return guard.release_part("a//b"); }));
  CHECK(!manager.try_acquire(write("e")));
  CHECK(!guard.release_part("e") && !guard && guard.token() == 0);
  CHECK(is_idle(manager));
}

static void an_empty_guard_can_do_nothing() {
  const oarlock::manager manager;
  oarlock::guard empty;
  const oarlock::queue queue(manager);
  const auto told = [](result<std::uint64_t>) noexcept {};
  const auto quiet = [&] { return empty.nothrow(); };
  std::vector<oarlock::failure> failures = {
      quiet().upgrade().error(),         quiet().upgrade_for(1ms).error(),
      quiet().try_upgrade().error(),     quiet().upgrade(told).error(),
      quiet().enqueue_upgrade().error(), quiet().wait_upgrade().error(),
      quiet().upgrade_state().error(),   quiet().cancel_upgrade().error(),
      quiet().downgrade().error(),       quiet().release_part("a").error(),
      quiet().release().error(),         queue.nothrow().upgrade(empty, nullptr).error()};
  for (const oarlock::failure& why : failures) {
    CHECK_STATUS(OARLOCK_ERR_STALE, why.code());
    CHECK(std::string(why.message()).find("the guard is empty") == 0);
  }
  CHECK(empty.token() == 0 && empty.id() == 0 && empty.detach() == 0);
}

static void a_guard_is_detached_and_adopted() {
  const oarlock::manager manager;
  oarlock::guard guard = manager.acquire(write("a"));
  const std::uint64_t token = guard.token();
  const oarlock::lock_id id = guard.detach();
  CHECK(!guard && !manager.try_acquire(read("a")));
  const oarlock::pending waits = manager.enqueue(read("a"));
  CHECK_STATUS(OARLOCK_ERR_NOT_GRANTED, thrown([&] { return manager.adopt(waits.id()); }));
  guard = manager.adopt(id);
  CHECK(guard.token() == token && guard.id() == id);
  guard.release();
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { return manager.adopt(id); }));
}

int main() {
  RUN(a_lone_reader_is_upgraded_at_once);
  RUN(others_are_waited_for);
  RUN(the_second_upgrader_is_refused);
  RUN(an_upgrade_can_wait_for_itself);
  RUN(an_upgrade_tells_a_function);
  RUN(an_upgrade_times_out_in_a_function);
  RUN(parts_are_released);
  RUN(an_empty_guard_can_do_nothing);
  RUN(a_guard_is_detached_and_adopted);
  return check_failed_tests != 0;
}
