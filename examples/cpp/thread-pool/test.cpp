// Tests of lock_pool. Prints PASS or FAIL for each. Nothing here sleeps: where two
// tasks have to be at work at once, they wait for each other.
#include <chrono>
#include <exception>
#include <functional>
#include <future>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "lock_pool.hpp"
#include "witness.hpp"

namespace {

using namespace std::chrono_literals;

void expect(bool truth, const std::string& what) {
  if (!truth) throw std::runtime_error("not so: " + what);
}

// What comes in time, if at all.
template <class T>
T in_time(std::future<T>& future) {
  expect(future.wait_for(60s) == std::future_status::ready, "it comes in time");
  return future.get();
}

// Something that is waited for until it is opened. Must be opened.
class gate {
 public:
  void open() { opened_.set_value(); }
  void pass() const { expect(passed_.wait_for(60s) == std::future_status::ready, "it opens"); }

 private:
  std::promise<void> opened_;
  std::shared_future<void> passed_ = opened_.get_future().share();
};

void disjoint_tasks_overlap() {
  lock_pool pool(oarlock::manager(), 2);
  gate left, right;
  auto first = pool.submit("left", oarlock::write("a/left"), [&](const oarlock::guard&) {
    left.open();
    right.pass();
  });
  auto second = pool.submit("right", oarlock::write("a/right"), [&](const oarlock::guard&) {
    right.open();
    left.pass();
  });
  in_time(first);
  in_time(second);
}

void readers_overlap() {
  lock_pool pool(oarlock::manager(), 2);
  gate left, right;
  auto first = pool.submit("left", oarlock::read("a"), [&](const oarlock::guard&) {
    left.open();
    right.pass();
  });
  auto second = pool.submit("right", oarlock::read("a/b"), [&](const oarlock::guard&) {
    right.open();
    left.pass();
  });
  in_time(first);
  in_time(second);
}

// Many more tasks wait than there are workers, and a free one runs past them.
void waiting_tasks_take_no_worker() {
  const oarlock::manager locks;
  lock_pool pool(locks, 2);
  gate done;
  auto holder =
      pool.submit("holder", oarlock::write("a"), [&](const oarlock::guard&) { done.pass(); });
  std::vector<std::future<void>> waiting;
  for (int i = 0; i < 100; ++i) {
    waiting.push_back(pool.submit("waiting", {oarlock::write("a/b"), oarlock::read("c")},
                                  [](const oarlock::guard&) {}));
  }
  expect(locks.stats().waiting >= 100, "they wait");
  auto free = pool.submit("free", oarlock::write("b"), [](const oarlock::guard&) { return 7; });
  expect(in_time(free) == 7, "the free one runs");
  done.open();
  in_time(holder);
  for (std::future<void>& one : waiting) in_time(one);
}

void conflicting_tasks_run_in_order() {
  lock_pool pool(oarlock::manager(), 4);
  std::vector<int> order;  // guarded by the write claims on "log"
  std::uint64_t token = 0;
  for (int i = 0; i < 1000; ++i) {
    pool.submit("append", oarlock::write("log"), [&, i](const oarlock::guard& held) {
      expect(held.token() > token, "tokens grow");
      token = held.token();
      order.push_back(i);
    });
  }
  pool.wait_idle();
  expect(order.size() == 1000, "all have run");
  for (int i = 0; i < 1000; ++i) expect(order[static_cast<std::size_t>(i)] == i, "in order");
}

void a_task_submits_tasks() {
  const oarlock::manager locks;
  int count = 0;  // guarded by write claims on "count"
  {
    lock_pool pool(locks, 2);
    std::function<void(int)> again = [&](int left) {
      pool.submit("again", oarlock::write("count"), [&, left](const oarlock::guard&) {
        ++count;
        if (left > 0) again(left - 1);
      });
    };
    again(99);
    pool.wait_idle();  // before `again` goes
  }
  expect(count == 100, "all have run");
  expect(locks.stats().held == 0, "nothing is held");
}

void an_exception_comes_out_and_releases() {
  const oarlock::manager locks;
  lock_pool pool(locks, 1);
  auto thrown = pool.submit("throws", oarlock::write("a"),
                            [](const oarlock::guard&) -> int { throw std::out_of_range("oh"); });
  try {
    in_time(thrown);
    expect(false, "it throws");
  } catch (const std::out_of_range&) {
  }
  expect(locks.try_acquire(oarlock::write("a")).has_value(), "it is released");
}

void bad_claims_are_refused_at_once() {
  lock_pool pool(oarlock::manager(), 1);
  try {
    pool.submit("bad", oarlock::write("a//b"), [](const oarlock::guard&) {});
    expect(false, "it is refused");
  } catch (const oarlock::error& error) {
    expect(error.code() == OARLOCK_ERR_EMPTY_SEGMENT, "as such");
  }
  pool.wait_idle();
}

void closing_ends_what_waits() {
  const oarlock::manager locks;
  lock_pool pool(locks, 1);
  gate done;
  auto holder =
      pool.submit("holder", oarlock::write("a"), [&](const oarlock::guard&) { done.pass(); });
  auto waiting = pool.submit("waiting", oarlock::write("a"), [](const oarlock::guard&) {});
  locks.close();
  try {
    in_time(waiting);
    expect(false, "it ends");
  } catch (const oarlock::error& error) {
    expect(error.code() == OARLOCK_ERR_CLOSED, "as closed");
  }
  done.open();
  in_time(holder);
}

// What main.cpp counts by, or its 0 would say nothing.
void the_witness_sees_conflicts() {
  witness seen;
  const witness::presence one(seen, {{false, "a"}, {true, "b/c"}});
  const witness::presence free(seen, {{true, "b/cd"}, {false, "a/d"}});
  expect(seen.conflicts() == 0 && seen.meetings() == 1, "these two may meet");
  const witness::presence above(seen, {{false, "b"}});
  expect(seen.conflicts() == 2 && seen.meetings() == 1, "this one may meet neither");
}

}  // namespace

int main() {
  const std::vector<std::pair<const char*, void (*)()>> tests = {
      {"disjoint_tasks_overlap", disjoint_tasks_overlap},
      {"readers_overlap", readers_overlap},
      {"waiting_tasks_take_no_worker", waiting_tasks_take_no_worker},
      {"conflicting_tasks_run_in_order", conflicting_tasks_run_in_order},
      {"a_task_submits_tasks", a_task_submits_tasks},
      {"an_exception_comes_out_and_releases", an_exception_comes_out_and_releases},
      {"bad_claims_are_refused_at_once", bad_claims_are_refused_at_once},
      {"closing_ends_what_waits", closing_ends_what_waits},
      {"the_witness_sees_conflicts", the_witness_sees_conflicts},
  };
  int failed = 0;
  for (const auto& [name, test] : tests) {
    try {
      test();
      std::cout << "PASS " << name << std::endl;
    } catch (const std::exception& error) {
      std::cout << error.what() << "\nFAIL " << name << std::endl;
      ++failed;
    }
  }
  return failed == 0 ? 0 : 1;
}
