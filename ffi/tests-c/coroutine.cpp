// Coroutines that await requests and upgrades.
// standard: c++20
#include "thrown.hpp"

#if defined(__cpp_impl_coroutine)

#include <poll.h>

#include <exception>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using oarlock::coroutine_queue;
using oarlock::guard;
using oarlock::read;
using oarlock::result;
using oarlock::write;

namespace {

/* The smallest coroutine: it starts at once and is destroyed by its object. */
class task {
 public:
  struct promise_type {
    std::exception_ptr thrown;
    task get_return_object() {
      return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { thrown = std::current_exception(); }
  };

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() { destroy(); }

  bool done() const { return handle_.done(); }
  void destroy() {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }
  oarlock_status thrown() const {
    if (!handle_.promise().thrown) return OARLOCK_OK;
    try {
      std::rethrow_exception(handle_.promise().thrown);
    } catch (const oarlock::error& error) {
      return error.code();
    }
  }

 private:
  explicit task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

bool readable(const coroutine_queue& queue) {
  pollfd ready = {queue.fd(), POLLIN, 0};
  assert(poll(&ready, 1, 0) >= 0);
  return (ready.revents & POLLIN) != 0;
}

task hold(coroutine_queue& queue, oarlock::claim wanted, guard& into) {
  into = co_await queue.acquire(wanted);
}

task hold_for(coroutine_queue& queue, std::chrono::milliseconds timeout, guard& into) {
  into = co_await queue.acquire_for(write("a"), timeout, oarlock::labelled("timed"));
}

void what_is_free_does_not_suspend() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard got;
  const task one = hold(queue, write("a"), got);
  CHECK(one.done() && got && queue.waiting() == 0 && queue.run() == 0);
}

void what_waits_is_resumed_by_the_loop() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard held = manager.acquire(write("a")), got;
  const task one = hold(queue, write("a"), got);
  CHECK(!one.done() && queue.waiting() == 1 && queue.run() == 0 && !readable(queue));
  const std::uint64_t token = held.token();
  held.release();
  CHECK(!one.done() && readable(queue));
  CHECK(queue.run() == 1 && one.done() && got.token() > token && !readable(queue));
  CHECK(!manager.try_acquire(read("a")) && queue.waiting() == 0);
}

void timeouts_are_thrown() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  const guard held = manager.acquire(write("a"));
  guard got;
  const task patient = hold_for(queue, 1h, got), late = hold_for(queue, 1ms, got),
             now = hold_for(queue, 0ms, got), wrong = hold_for(queue, -1ms, got);
  CHECK(manager.inspect().at(1).label == "timed");
  CHECK(now.done() && now.thrown() == OARLOCK_ERR_TIMEOUT);
  CHECK(wrong.done() && wrong.thrown() == OARLOCK_ERR_INVALID_TIMEOUT);
  while (!late.done()) (void)queue.run_for(1h);
  CHECK(late.thrown() == OARLOCK_ERR_TIMEOUT && !got);
}

void every_failure_comes_by_the_await() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard held = manager.acquire(write("a")), got;
  const task bad = hold(queue, read("x//y"), got);
  CHECK(bad.done() && bad.thrown() == OARLOCK_ERR_EMPTY_SEGMENT);
  const task closed = hold(queue, write("a"), got);
  manager.close();
  CHECK(queue.run() == 1 && closed.thrown() == OARLOCK_ERR_CLOSED);
  const task late = hold(queue, write("a"), got);
  CHECK(late.done() && late.thrown() == OARLOCK_ERR_CLOSED);
}

task quietly(coroutine_queue& queue, std::vector<oarlock_status>& codes) {
  const auto quiet = [&] { return queue.nothrow(); };
  result<guard> got = co_await quiet().acquire(read("a"));
  codes.push_back(got.code());
  codes.push_back((co_await quiet().acquire_for(write("a"), 1ms)).code());
  const auto now = std::chrono::steady_clock::now();
  codes.push_back((co_await quiet().acquire_until(write("a"), now)).code());
  codes.push_back((co_await quiet().upgrade(*got)).code());
  codes.push_back((co_await quiet().upgrade_for(*got, -1s)).code());
}

void failures_are_returned_by_the_view() {
  const oarlock::manager manager;
  coroutine_queue queue(oarlock::queue::make(manager).value());
  std::vector<oarlock_status> codes;
  const task one = quietly(queue, codes);
  while (!one.done()) CHECK(queue.nothrow().run_for(1h).has_value());
  CHECK(codes == (std::vector<oarlock_status>{OARLOCK_OK, OARLOCK_ERR_TIMEOUT, OARLOCK_ERR_TIMEOUT,
                                              OARLOCK_OK, OARLOCK_ERR_INVALID_TIMEOUT}));
}

task upgrade(coroutine_queue& queue, guard& of, std::chrono::milliseconds timeout) {
  co_await queue.upgrade_for(of, timeout);
}

void upgrades_are_awaited() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard one = manager.acquire(read("a")), two = manager.acquire(read("a"));
  const std::uint64_t before = one.token();
  const task late = upgrade(queue, one, 1ms);
  while (!late.done()) (void)queue.run_for(1h);
  CHECK(late.thrown() == OARLOCK_ERR_TIMEOUT && one.token() == before);
  const task waits = upgrade(queue, one, 1h);
  two.release();
  CHECK(queue.run() == 1 && waits.done() && waits.thrown() == OARLOCK_OK && one.token() > before);
  const task again = upgrade(queue, one, 1h);
  CHECK(again.done());
  one.downgrade();
  two = manager.acquire(read("a"));
  task dropped = upgrade(queue, one, 1h);
  dropped.destroy();
  CHECK(one.upgrade_state() == oarlock::upgrade_state::not_upgraded);
  const task ended = upgrade(queue, one, 1h);
  one.release();
  while (!ended.done()) (void)queue.run_for(1h);
  CHECK(ended.thrown() == OARLOCK_ERR_CANCELLED);
}

void destroying_a_coroutine_that_waits_cancels() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard held = manager.acquire(write("a")), got;
  task first = hold(queue, write("a"), got), second = hold(queue, write("a"), got);
  first.destroy();
  CHECK(manager.stats().waiting == 1 && queue.waiting() == 2);
  held.release();
  CHECK(queue.run() == 1 && second.done() && got && queue.waiting() == 0);
}

void destroying_it_when_the_grant_is_on_its_way_releases() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard held = manager.acquire(write("a")), got;
  task one = hold(queue, write("a"), got);
  held.release();
  CHECK(!is_idle(manager));
  one.destroy();
  CHECK(is_idle(manager));  // at once, before anything is fetched
  CHECK(readable(queue) && queue.run() == 0 && queue.waiting() == 0 && !got);
}

void dropping_what_is_not_awaited_releases() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  { (void)queue.acquire(write("a")); }
  CHECK(is_idle(manager));
  guard held = manager.acquire(write("a"));
  {
    auto waits = queue.acquire(write("a"));
    CHECK(!waits.await_ready());
    auto moved = std::move(waits);
    held.release();
    CHECK(queue.run() == 0 && moved.await_ready() && !is_idle(manager));
  }
  CHECK(is_idle(manager));
}

/* Claims in braces are made before the co_await, for the sake of a compiler. */
task hold_two(coroutine_queue& queue, std::size_t& count) {
  auto both = queue.acquire({write("a"), read({"b", "a name that is longer than most names"})});
  const guard got = co_await both;
  count = queue.waiting();
}

task hold_as(coroutine_queue& queue, const char* path, const oarlock::owner& by, guard& got) {
  got = co_await queue.acquire(write(path), by);
}

void who_holds_goes_ahead_of_those_that_wait_for_it() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  const oarlock::owner one = manager.new_owner(), two = manager.new_owner();
  guard first, second, third, other, got;
  const task row = hold_as(queue, "t/1", one, first);
  const task also = hold_as(queue, "u", two, other);
  const task auditor = hold(queue, read("t"), got);
  CHECK(row.done() && also.done() && !auditor.done());
  const task next = hold_as(queue, "t/2", one, second);
  CHECK(next.done() && second && next.thrown() == OARLOCK_OK);
  /* What holders keep for ever is refused at once, and no wait ends with it. */
  const task waits = hold_as(queue, "u", one, third);
  const task cycle = hold_as(queue, "t/1", two, got);
  CHECK(!waits.done() && cycle.done() && cycle.thrown() == OARLOCK_ERR_DEADLOCK);
  CHECK(queue.run() == 0 && !waits.done() && !auditor.done());
  other.release();
  CHECK(queue.run() == 1 && waits.done() && third && !auditor.done());
  first.release();
  second.release();
  CHECK(queue.run() == 1 && auditor.done() && got);
}

void several_claims_are_awaited_together() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard a = manager.acquire(write("a")), b = manager.acquire(write("b"));
  std::size_t count = 77;
  const task both = hold_two(queue, count);
  a.release();
  CHECK(queue.run() == 0);
  b.release();
  CHECK(queue.run() == 1 && both.done() && count == 0 && is_idle(manager));
}

task late_await(coroutine_queue& queue, std::string& order) {
  auto first = queue.acquire(write("a"));
  auto second = queue.acquire(write("b"));
  const guard b = co_await std::move(second);
  order += 'b';
  const guard a = co_await std::move(first);
  order += 'a';
}

void a_request_has_its_place_before_it_is_awaited() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard a = manager.acquire(write("a")), b = manager.acquire(write("b"));
  std::string order;
  const task one = late_await(queue, order);
  const oarlock::pending behind = manager.enqueue(write("a"));
  a.release();
  CHECK(queue.run() == 0 && !behind.granted());
  b.release();
  CHECK(queue.run() == 1 && one.done() && order == "ba" && behind.granted());
}

/* A coroutine that is resumed destroys the next one, whose grant has come, too. */
task destroyer(coroutine_queue& queue, std::optional<task>& other) {
  const guard got = co_await queue.acquire(read("a"));
  other.reset();
}

void one_may_destroy_another() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard held = manager.acquire(write("a")), got;
  std::optional<task> other;
  const task one = destroyer(queue, other);
  other.emplace(hold(queue, read("a"), got));
  held.release();
  CHECK(queue.run() == 1 && one.done() && !got && is_idle(manager) && queue.waiting() == 0);
}

void the_queue_may_go_first() {
  const oarlock::manager manager;
  guard held = manager.acquire(write("a")), got;
  std::optional<task> waits, granted;
  {
    coroutine_queue queue(manager);
    waits.emplace(hold(queue, write("a"), got));
    granted.emplace(hold(queue, write("b"), got));
    CHECK(granted->done());
    granted.emplace(hold(queue, write("b"), got));
    got.release();
  }
  CHECK(manager.stats().waiting == 0 && !waits->done() && !granted->done());
  waits.reset();
  granted.reset();
  held.release();
  CHECK(is_idle(manager));
}

void a_loop_can_be_woken() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  std::thread waker([&] { queue.wake(); });
  CHECK(queue.run_for(1h) == 0);
  waker.join();
  CHECK(queue.run_for(0s) == 0 && queue.run_for(1ms) == 0);
}

/* What comes for a coroutine that has gone does not end a wait for others. */
void a_wait_goes_on_when_a_dropped_outcome_comes() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard a = manager.acquire(write("a")), got;
  const guard b = manager.acquire(write("b"));
  task dropped = hold(queue, write("b"), got);
  const task late = hold_for(queue, 20ms, got);
  dropped.destroy();
  CHECK(readable(queue) && queue.run_for(std::chrono::hours::max()) == 1);
  CHECK(late.done() && late.thrown() == OARLOCK_ERR_TIMEOUT && queue.waiting() == 0);
}

void a_run_is_bounded() {
  const oarlock::manager manager;
  coroutine_queue queue(manager);
  guard held = manager.acquire(write("a"));
  std::vector<guard> got(5);
  std::vector<task> tasks;
  for (guard& one : got) tasks.push_back(hold(queue, read("a"), one));
  held.release();
  CHECK(queue.run(2) == 2 && readable(queue) && queue.run(0) == 0 && queue.run() == 3);
}

/* Many coroutines of one loop beside a thread that locks as well; some are destroyed at
 * any moment. Nothing stays locked. */
struct crowd {
  coroutine_queue& queue;
  std::mt19937& random;
  long sum = 0;

  task work(int rounds) {
    for (int i = 0; i < rounds; i++) {
      const std::string name(1, char('a' + random() % 3));
      const oarlock::claim wanted = random() % 2 ? read(name) : write(name);
      result<guard> got = co_await queue.nothrow().acquire_for(
          wanted, std::chrono::microseconds(random() % 500 + 1));
      if (!got) continue;
      if (random() % 4 == 0) (void)co_await queue.nothrow().upgrade_for(*got, 100us);
      const result<guard> more = co_await queue.nothrow().acquire_for(read("d"), 1ms);
      ++sum;
    }
  }
};

void a_crowd_leaves_nothing_behind() {
  const char* const given = std::getenv("OARLOCK_SEED");
  const unsigned seed = given ? unsigned(std::strtoul(given, nullptr, 10)) : std::random_device()();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  const oarlock::manager manager;
  {
    coroutine_queue queue(manager);
    crowd crowd{queue, random};
    std::thread other([&] {
      for (int i = 0; i < 200; i++) {
        const guard one = manager.acquire(write(i % 2 ? "a" : "d"));
        std::this_thread::yield();
      }
    });
    std::vector<task> tasks;
    for (int i = 0; i < 30; i++) tasks.push_back(crowd.work(20));
    const auto all_done = [&] {
      for (const task& one : tasks) {
        if (!one.done()) return false;
      }
      return true;
    };
    for (int i = 0; i < 100000 && !all_done(); i++) {
      (void)queue.run_for(1ms);
      if (i % 10 == 0) tasks[random() % tasks.size()] = crowd.work(5);
      if (tasks.size() > 1 && i % 25 == 0) tasks.pop_back();
    }
    other.join();
    CHECK(crowd.sum > 0);
  }
  CHECK(is_idle(manager) && manager.stats().waiting == 0);
}

}  // namespace

int main() {
  RUN(what_is_free_does_not_suspend);
  RUN(what_waits_is_resumed_by_the_loop);
  RUN(timeouts_are_thrown);
  RUN(every_failure_comes_by_the_await);
  RUN(failures_are_returned_by_the_view);
  RUN(upgrades_are_awaited);
  RUN(destroying_a_coroutine_that_waits_cancels);
  RUN(destroying_it_when_the_grant_is_on_its_way_releases);
  RUN(dropping_what_is_not_awaited_releases);
  RUN(who_holds_goes_ahead_of_those_that_wait_for_it);
  RUN(several_claims_are_awaited_together);
  RUN(a_request_has_its_place_before_it_is_awaited);
  RUN(one_may_destroy_another);
  RUN(the_queue_may_go_first);
  RUN(a_loop_can_be_woken);
  RUN(a_wait_goes_on_when_a_dropped_outcome_comes);
  RUN(a_run_is_bounded);
  RUN(a_crowd_leaves_nothing_behind);
  return check_failed_tests != 0;
}

#else

static void the_header_is_empty_before_coroutines() {}

int main() {
  RUN(the_header_is_empty_before_coroutines);
  return 0;
}

#endif
