// Money moves between accounts in coroutines, all in one thread: each locks both its
// accounts with co_await, and a loop around poll(2) resumes whoever got its locks.
// Another thread audits all accounts meanwhile, with the same locks.
//
//   c++ -std=c++20 coroutine.cpp $(pkg-config --cflags --libs oarlock)
#include <poll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <oarlock.hpp>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

// A coroutine that runs until its first co_await at once. Dropping it destroys it
// wherever it stands: what it waits for is cancelled, what it holds is released.
class task {
 public:
  struct promise_type {
    task get_return_object() { return task(handle::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { failure = std::current_exception(); }
    std::exception_ptr failure;
  };
  using handle = std::coroutine_handle<promise_type>;

  task(task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() {
    if (handle_) handle_.destroy();
  }

  // Whether it has come to its end; throws what has left it.
  bool done() const {
    if (handle_.promise().failure) std::rethrow_exception(handle_.promise().failure);
    return handle_.done();
  }

 private:
  explicit task(handle of) : handle_(of) {}
  handle handle_;
};

constexpr std::size_t accounts = 4;
constexpr long in_all = 1000 * accounts;

struct bank {
  std::array<long, accounts> money;  // each guarded by the lock of its name
  long transfers = 0, given_up = 0;  // of the loop's thread

  bank() { money.fill(1000); }
  static std::string name(std::size_t account) { return "accounts/" + std::to_string(account); }
};

task transfer_often(oarlock::coroutine_queue& locks, bank& of, unsigned seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 200; ++i) {
    const std::size_t from = random() % accounts, to = random() % accounts;
    // Both or none, so there is no order to keep to. The request has its place in the
    // queue from here on. (Inside of the co_await, GCC 12 could not keep the braces.)
    auto both = locks.nothrow().acquire_for(
        {oarlock::write(bank::name(from)), oarlock::write(bank::name(to))}, 100ms);
    oarlock::result<oarlock::guard> guard = co_await both;
    if (!guard) {  // the time was up: the auditor took long
      ++of.given_up;
      continue;
    }
    const long amount = of.money[from] < 10 ? 0 : 10;
    of.money[from] -= amount;
    of.money[to] += amount;
    ++of.transfers;
  }
}

// Never ends by itself.
task close_the_bank(oarlock::coroutine_queue& locks) {
  const oarlock::guard all = co_await locks.acquire(oarlock::write("accounts"));
  const oarlock::guard more = co_await locks.acquire(oarlock::write("the key"));
}

// The loop: sleeps in poll until an outcome is there, as it would for its sockets.
void run(oarlock::coroutine_queue& locks, std::vector<task>& tasks) {
  while (!tasks.empty()) {
    pollfd ready = {locks.fd(), POLLIN, 0};
    if (poll(&ready, 1, -1) > 0) locks.run();
    std::erase_if(tasks, [](const task& one) { return one.done(); });
  }
}

bool work() {
  const oarlock::manager manager;
  oarlock::coroutine_queue locks(manager);
  bank bank;
  std::atomic<bool> stop{false}, balanced{true};
  std::thread auditor([&] {
    while (!stop) {
      const oarlock::guard all = manager.acquire(oarlock::read("accounts"));
      long sum = 0;
      for (const long one : bank.money) sum += one;
      if (sum != in_all) balanced = false;
    }
  });
  std::vector<task> tasks;
  for (unsigned seed = 0; seed < 20; ++seed) tasks.push_back(transfer_often(locks, bank, seed));
  {
    const oarlock::guard key = manager.acquire(oarlock::write("the key"));
    const task closing = close_the_bank(locks);
    // Destroyed here, while it waits for the accounts or, with all of them, for the key:
    // nobody notices.
  }
  std::erase_if(tasks, [](const task& one) { return one.done(); });
  run(locks, tasks);
  stop = true;
  auditor.join();
  std::printf("%ld transfers, %ld given up, %s\n", bank.transfers, bank.given_up,
              balanced ? "nothing lost" : "money was lost");
  return balanced && manager.try_acquire(oarlock::write("")).has_value();
}

}  // namespace

int main() {
  try {
    return work() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "coroutine: %s\n", error.what());
    return 1;
  }
}
