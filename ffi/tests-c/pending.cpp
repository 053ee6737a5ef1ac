// Requests that wait, by pending and by callback, in C++.
#include "thrown.hpp"

#include <chrono>
#include <thread>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using oarlock::read;
using oarlock::write;

static_assert(!std::is_copy_constructible_v<oarlock::guard>);
static_assert(!std::is_copy_constructible_v<oarlock::pending>);
static_assert(std::is_nothrow_move_constructible_v<oarlock::guard>);
static_assert(std::is_nothrow_move_assignable_v<oarlock::pending>);
static_assert(std::is_copy_constructible_v<oarlock::manager>);

static void it_takes_its_place_in_the_queue() {
  const oarlock::manager manager;
  oarlock::guard held = manager.acquire(write("a"));
  oarlock::pending second = manager.enqueue(write("a"));
  oarlock::pending third = manager.enqueue(read("a"));
  CHECK(!second.granted() && !third.granted());
  CHECK(!second.wait_for(0s) && !second.wait_for(1ms));
  CHECK(!second.wait_until(std::chrono::steady_clock::now()));
  const auto first_token = held.token();
  held.release();
  CHECK(second.granted() && !third.granted());
  oarlock::guard guard = second.wait();
  CHECK(guard.token() > first_token && second.id() == 0);
  guard.release();
  CHECK(third.granted());
}

static void dropping_it_leaves_nothing_behind() {
  const oarlock::manager manager;
  const oarlock::guard reader = manager.acquire(read("a"));
  {
    const oarlock::pending writer = manager.enqueue(write("a"));
    CHECK(!manager.try_acquire(read("a")));
  }
  CHECK(manager.try_acquire(read("a")).has_value());
  {
    const oarlock::pending granted = manager.enqueue(read("a"));
    CHECK(granted.granted());
  }
  oarlock::pending moved = manager.enqueue(write("a"));
  moved = oarlock::pending();
  CHECK(manager.try_acquire(read("a")).has_value());
}

static void it_can_be_cancelled() {
  const oarlock::manager manager;
  oarlock::guard held = manager.acquire(read("a"));
  oarlock::pending writer = manager.enqueue(write("a"));
  CHECK(writer.cancel() && writer.id() == 0);
  oarlock::pending granted = manager.enqueue(read("a"));
  CHECK(!granted.cancel());
  const oarlock::guard guard = granted.wait();
  CHECK(guard && !granted.id());
  bool stale = false;
  try {
    (void)granted.wait();
  } catch (const oarlock::error& error) {
    stale = error.code() == OARLOCK_ERR_STALE;
  }
  CHECK(stale);
}

static void closing_ends_it() {
  const oarlock::manager manager;
  const oarlock::guard held = manager.acquire(write("a"));
  oarlock::pending waiting = manager.enqueue(write("a"));
  manager.close();
  bool closed = false;
  try {
    (void)waiting.wait();
  } catch (const oarlock::closed_error&) {
    closed = true;
  }
  CHECK(closed && waiting.id() == 0);
}

static void a_blocked_wait_is_cancelled_from_elsewhere() {
  const oarlock::manager manager;
  const oarlock::guard held = manager.acquire(write("a"));
  oarlock::pending waiting = manager.enqueue(write("a"));
  const oarlock_lock id = waiting.id();
  oarlock_status status = OARLOCK_OK;
  std::thread waiter([&] {
    try {
      (void)waiting.wait();
    } catch (const oarlock::error& error) {
      status = error.code();
    }
  });
  CHECK(manager.cancel(id));
  waiter.join();
  CHECK(status == OARLOCK_ERR_CANCELLED || status == OARLOCK_ERR_STALE);
}

static void requests_are_ended_by_their_ids() {
  const oarlock::manager manager, other;
  oarlock::guard held = manager.acquire(write("a"));
  const oarlock_lock id = held.id();
  CHECK(!manager.cancel(id) && !manager.try_acquire(write("a")));
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { other.release(id); }));
  oarlock::pending cancelled = manager.enqueue(write("a"));
  CHECK(manager.cancel(cancelled.id()));
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { manager.cancel(cancelled.id()); }));
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { (void)cancelled.wait(); }));
  oarlock::pending released = manager.enqueue(write("a"));
  manager.release(released.id());
  oarlock::pending granted = manager.enqueue(read("a"));
  manager.release(id);
  CHECK(granted.granted());
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { manager.release(id); }));
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { held.release(); }));
}

static void a_callback_is_called_once_and_later() {
  const oarlock::manager manager;
  int calls = 0;
  oarlock::guard granted;
  const auto done = [&](oarlock::result<oarlock::guard> outcome) noexcept {
    calls++;
    CHECK_STATUS(OARLOCK_OK, outcome.code());
    granted = std::move(*outcome);
  };
  auto at_once = manager.enqueue(write("a"), done);
  CHECK(std::holds_alternative<oarlock::guard>(at_once) && calls == 0);
  CHECK(std::get<oarlock::guard>(at_once).token() != 0);
  auto later = manager.enqueue(write("a"), done);
  CHECK(std::holds_alternative<oarlock::ticket>(later) && calls == 0);
  std::get<oarlock::guard>(at_once).release();
  CHECK(calls == 1 && granted.id() == std::get<oarlock::ticket>(later).id());
  CHECK(!std::get<oarlock::ticket>(later).cancel());
  granted.release();
  CHECK(!std::get<oarlock::ticket>(later).cancel());
}

static void a_callback_hears_of_cancel_and_close() {
  const oarlock::manager manager;
  const oarlock::guard held = manager.acquire(write("a"));
  std::vector<oarlock_status> heard;
  const auto done = [&](oarlock::result<oarlock::guard> outcome) noexcept {
    CHECK(!outcome);
    heard.push_back(outcome.code());
  };
  auto first = manager.enqueue(write("a"), done);
  auto second = manager.enqueue(write("a"), done);
  CHECK(std::get<oarlock::ticket>(first).cancel());
  manager.close();
  CHECK(heard.size() == 2 && heard[0] == OARLOCK_ERR_CANCELLED && heard[1] == OARLOCK_ERR_CLOSED);
}

static void a_callback_may_call_back() {
  const oarlock::manager manager;
  int calls = 0;
  oarlock::guard held = manager.acquire(write("a"));
  auto outer = manager.enqueue(write("a"), [&](oarlock::result<oarlock::guard> outcome) noexcept {
    calls++;
    auto inner = manager.enqueue(
        read("a"), [&](oarlock::result<oarlock::guard>) noexcept { calls++; });
    CHECK(std::holds_alternative<oarlock::ticket>(inner) && calls == 1);
    CHECK(!manager.try_acquire(read("a")) && manager.try_acquire(write("b")));
    outcome->release();
  });
  held.release();
  CHECK(calls == 2 && std::holds_alternative<oarlock::ticket>(outer));
  CHECK(manager.try_acquire(write("")).has_value());
}

static void a_refused_callback_is_destroyed() {
  const oarlock::manager manager;
  const auto kept = std::make_shared<int>(1);
  try {
    (void)manager.enqueue(write("a//b"), [kept](oarlock::result<oarlock::guard>) noexcept {});
    CHECK(false);
  } catch (const oarlock::error& error) {
    CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, error.code());
  }
  CHECK(kept.use_count() == 1);
}

int main() {
  RUN(it_takes_its_place_in_the_queue);
  RUN(dropping_it_leaves_nothing_behind);
  RUN(it_can_be_cancelled);
  RUN(closing_ends_it);
  RUN(a_blocked_wait_is_cancelled_from_elsewhere);
  RUN(requests_are_ended_by_their_ids);
  RUN(a_callback_is_called_once_and_later);
  RUN(a_callback_hears_of_cancel_and_close);
  RUN(a_callback_may_call_back);
  RUN(a_refused_callback_is_destroyed);
  return check_failed_tests != 0;
}
