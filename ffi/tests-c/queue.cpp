// Completion queues in C++.
#include "thrown.hpp"

#include <poll.h>

#include <array>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using oarlock::completion;
using oarlock::completion_kind;
using oarlock::read;
using oarlock::write;

static_assert(!std::is_copy_constructible_v<completion>);
static_assert(std::is_nothrow_move_constructible_v<completion>);
static_assert(!std::is_copy_constructible_v<oarlock::queue>);
static_assert(std::is_nothrow_move_constructible_v<oarlock::queue>);

static bool readable(const oarlock::queue& queue) {
  pollfd ready = {queue.fd(), POLLIN, 0};
  assert(poll(&ready, 1, 0) >= 0);
  return (ready.revents & POLLIN) != 0;
}

static void what_had_to_wait_comes_once() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  int data = 0;
  oarlock::enqueued at_once = queue.enqueue(write("a"), &data);
  CHECK(std::holds_alternative<oarlock::guard>(at_once) && queue.drain().empty());
  const oarlock::enqueued later = queue.enqueue_for(write("a"), 1h, &data, oarlock::labelled("x"));
  CHECK(std::holds_alternative<oarlock::ticket>(later) && !readable(queue));
  CHECK(manager.inspect_lock(std::get<oarlock::ticket>(later).id()).label == "x");
  std::get<oarlock::guard>(at_once).release();
  CHECK(readable(queue));
  std::vector<completion> got = queue.drain();
  CHECK(got.size() == 1 && !readable(queue));
  CHECK(got[0] && got[0].kind() == completion_kind::acquire && got[0].data() == &data);
  CHECK(got[0].id() == std::get<oarlock::ticket>(later).id() && got[0].token() != 0);
  const oarlock::guard guard = got[0].take();
  CHECK(guard.id() == got[0].id() && guard.token() == got[0].token() && !got[0].take());
  got.clear();
  CHECK(!manager.try_acquire(read("a")));
}

static void a_completion_that_is_dropped_releases() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  const auto wait_behind = [&] {
    const oarlock::guard held = manager.acquire(write("a"));
    (void)queue.enqueue(write("a"), nullptr);
  };
  wait_behind();
  (void)queue.drain();
  CHECK(is_idle(manager));
  wait_behind();
  std::array<completion, 2> some;
  CHECK(queue.drain(some) == 1 && !manager.try_acquire(read("a")));
  some[0] = completion();
  CHECK(is_idle(manager));
  wait_behind();
  CHECK(queue.drain([](completion&&) noexcept {}) == 1);
  CHECK(is_idle(manager));
  wait_behind();
  oarlock::result<oarlock::guard> outcome = queue.drain().at(0).outcome();
  CHECK(outcome && !manager.try_acquire(read("a")));
}

static void a_queue_that_goes_ends_what_waits() {
  const oarlock::manager manager;
  {
    const oarlock::guard held = manager.acquire(write("a"));
    oarlock::queue first(manager);
    (void)first.enqueue(write("a"), nullptr);
    const oarlock::queue queue = std::move(first);
    (void)queue.enqueue(write("a"), nullptr);
    CHECK(manager.stats().waiting == 2);
  }
  CHECK(is_idle(manager) && manager.stats().waiting == 0);
  {
    oarlock::guard held = manager.acquire(write("a"));
    const oarlock::queue queue(manager);
    (void)queue.enqueue(write("a"), nullptr);
    held.release();
    CHECK(!is_idle(manager));
  }
  CHECK(is_idle(manager));
}

static void outcomes_that_are_no_grants() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  const oarlock::guard held = manager.acquire(write("a"));
  oarlock::enqueued cancelled = queue.enqueue(write("a"), nullptr);
  CHECK(std::get<oarlock::ticket>(cancelled).cancel());
  CHECK(queue.drain().at(0).code() == OARLOCK_ERR_CANCELLED);
  CHECK(!std::get<oarlock::ticket>(cancelled).cancel());
  (void)queue.enqueue_for(write("a"), 1ms, nullptr);
  std::vector<completion> got = queue.wait();
  CHECK(got.size() == 1 && !got[0] && got[0].code() == OARLOCK_ERR_TIMEOUT);
  CHECK(!got[0].take() && got[0].id() == 0 && got[0].token() == 0);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, got[0].outcome().code());
  CHECK(throws<oarlock::timeout_error>([&] { return queue.enqueue_for(write("a"), 0s, nullptr); }));
  CHECK(throws<oarlock::timeout_error>([&] {
    return queue.enqueue_until(write("a"), std::chrono::steady_clock::now(), nullptr);
  }));
  (void)queue.enqueue(write("a"), nullptr);
  manager.close();
  CHECK(queue.drain().at(0).error().code() == OARLOCK_ERR_CLOSED);
  CHECK(throws<oarlock::closed_error>([&] { return queue.enqueue(write("b"), nullptr); }));
  CHECK(queue.drain().empty());
}

/* Who waits for a holder comes after it, and nobody's wait is ended. */
static void a_knot_ends_nobody() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  const oarlock::owner one = manager.new_owner(), two = manager.new_owner();
  oarlock::guard first = manager.acquire(write("a"), owned_by(one));
  oarlock::guard third = manager.acquire(write("c"));
  const oarlock::pending second = manager.enqueue(write("c"), owned_by(two));
  (void)queue.enqueue(write("c"), nullptr, {one, "one"});
  (void)queue.enqueue(write("a"), nullptr, {two, "two"});
  third.release();
  std::vector<completion> got = queue.drain();
  CHECK(got.size() == 1 && got[0] && got[0].error().parties().empty() && !second.granted());
  first.release();
  std::vector<completion> then = queue.drain();
  CHECK(then.size() == 1 && then[0] && !second.granted());
  got.clear();
  CHECK(second.granted());
}

static void posts_wake_and_carry() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  int data = 0;
  std::thread poster([&] { queue.post(&data); });
  std::array<completion, 1> one;
  CHECK(queue.wait(one) == 1);
  poster.join();
  CHECK(one[0] && one[0].kind() == completion_kind::post && one[0].data() == &data);
  CHECK(!one[0].take() && one[0].id() == 0);
  queue.post();
  CHECK(queue.drain().at(0).data() == nullptr);
}

static void waiting_ends_in_time() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  std::vector<completion> room(3);
  CHECK(queue.wait_for(0s).empty() && queue.wait_for(1ms).empty());
  CHECK(queue.wait_for(1ms, room) == 0);
  CHECK(queue.wait_until(std::chrono::steady_clock::now() + 1ms).empty());
  CHECK(queue.wait_until(std::chrono::system_clock::now(), room) == 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, thrown([&] { return queue.wait_for(-1s); }));
  for (int i = 0; i < 5; i++) queue.post();
  CHECK(queue.wait_for(1h, room) == 3 && queue.wait_for(1h, room) == 2);
  for (int i = 0; i < 100; i++) queue.post();
  CHECK(queue.wait_for(1h).size() == 100 && queue.drain().empty());
  std::vector<completion> none;
  queue.post();
  CHECK(queue.drain(none) == 0 && queue.nothrow().drain(none).value() == 0);
}

static void upgrades_come_through_it() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  int data = 0;
  oarlock::guard one = manager.acquire(read("a")), two = manager.acquire(read("a"));
  const std::uint64_t before = one.token();
  CHECK(!queue.upgrade(one, &data));
  two.release();
  std::vector<completion> got = queue.drain();
  CHECK(got.size() == 1 && got[0].kind() == completion_kind::upgrade && got[0].data() == &data);
  CHECK(got[0].id() == one.id() && got[0].token() > before && one.token() == got[0].token());
  got.clear();  // the guard is the holder's
  CHECK(!manager.try_acquire(read("a")));
  CHECK(queue.upgrade(one, &data) && queue.drain().empty());
  one.downgrade();
  two = manager.acquire(read("a"));
  CHECK(!queue.upgrade_for(one, 1ms, &data));
  CHECK(queue.wait().at(0).code() == OARLOCK_ERR_TIMEOUT);
  CHECK(!queue.upgrade_until(one, std::chrono::steady_clock::now() + 1h, &data));
  one = oarlock::guard();
  got = queue.drain();
  CHECK(got.size() == 1 && got[0].code() == OARLOCK_ERR_CANCELLED);
}

static void functions_may_call_back() {
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  oarlock::guard held = manager.acquire(write("a"));
  for (int i = 0; i < 3; i++) (void)queue.enqueue(write("a"), nullptr);
  held.release();
  int granted = 0;
  const auto next = [&](completion&& got) noexcept {
    granted += bool(got);
    got.take().release();  // lets the next one in
    if (granted < 3) CHECK(readable(queue));
  };
  while (granted < 3) CHECK(queue.wait(next) >= 1);
  CHECK(queue.drain(next) == 0 && is_idle(manager));
}

static void many_threads_fetch_each_once() {
  constexpr int requests = 400, threads = 3;
  const oarlock::manager manager;
  const oarlock::queue queue(manager);
  oarlock::guard held = manager.acquire(write("a"));
  std::vector<int> seen(requests);  // each written by one thread
  for (int& one : seen) (void)queue.enqueue(read("a"), &one);
  std::vector<std::thread> running;
  std::atomic<int> sum{0};
  for (int i = 0; i < threads; i++) {
    running.emplace_back([&] {
      while (sum < requests) {
        std::array<completion, 7> some;
        const std::size_t count = queue.wait_for(1ms, some);
        for (std::size_t k = 0; k < count; k++) ++*static_cast<int*>(some[k].data());
        sum += int(count);
      }
    });
  }
  held.release();
  for (std::thread& thread : running) thread.join();
  for (const int one : seen) CHECK(one == 1);
  CHECK(sum == requests && is_idle(manager));
}

int main() {
  RUN(what_had_to_wait_comes_once);
  RUN(a_completion_that_is_dropped_releases);
  RUN(a_queue_that_goes_ends_what_waits);
  RUN(outcomes_that_are_no_grants);
  RUN(a_knot_ends_nobody);
  RUN(posts_wake_and_carry);
  RUN(waiting_ends_in_time);
  RUN(upgrades_come_through_it);
  RUN(functions_may_call_back);
  RUN(many_threads_fetch_each_once);
  return check_failed_tests != 0;
}
