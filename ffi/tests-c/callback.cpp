// Functions that are told the outcome, in C++.
#include "thrown.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

using namespace std::chrono_literals;
using oarlock::guard;
using oarlock::read;
using oarlock::result;
using oarlock::write;

struct loud {
  void operator()(result<guard>) {}
};
struct quiet {
  void operator()(result<guard>) noexcept {}
};
static_assert(oarlock::detail::is_callback<quiet, result<guard>>);
static_assert(!oarlock::detail::is_callback<loud, result<guard>>, "a static_assert refuses it");
static_assert(!oarlock::detail::hears<quiet, int>);

/* One that forgets that there may be no guard: a static_assert says what it has to take. */
struct hopeful {
  void operator()(guard) noexcept {}
};
static_assert(!oarlock::detail::hears<hopeful, result<guard>>);
static_assert(oarlock::detail::hears<hopeful, guard>);

static void it_may_be_told_later() {
  const oarlock::manager manager;
  std::optional<result<guard>> told;
  oarlock::guard held = manager.acquire(write("a"));
  const auto keep = [&](result<guard> outcome) noexcept { told.emplace(std::move(outcome)); };
  (void)manager.enqueue_for(write("a"), 1h, keep, oarlock::labelled("timed"));
  CHECK(manager.inspect("a").at(1).label == "timed" && !told);
  held.release();
  CHECK(told && *told && (*told)->token() != 0);
  told.reset();
  CHECK(is_idle(manager));
  held = manager.acquire(write("a"));
  (void)manager.enqueue_until(write("a"), std::chrono::system_clock::now() + 1h, keep);
  manager.close();
  CHECK(told && told->code() == OARLOCK_ERR_CLOSED);
}

static void a_timeout_is_told_on_another_thread() {
  const oarlock::manager manager;
  const oarlock::guard held = manager.acquire(write("a"));
  std::atomic<oarlock_status> heard{OARLOCK_OK};
  std::atomic<bool> elsewhere{false};
  const std::thread::id here = std::this_thread::get_id();
  const oarlock::enqueued waits =
      manager.enqueue_for(read("a"), 1ms, [&](result<guard> outcome) noexcept {
        elsewhere = std::this_thread::get_id() != here;
        heard = outcome.code();
      });
  CHECK(std::holds_alternative<oarlock::ticket>(waits));
  EVENTUALLY(heard.load() == OARLOCK_ERR_TIMEOUT);
  CHECK(elsewhere);
  CHECK(throws<oarlock::timeout_error>(
      [&] { return manager.enqueue_for(read("a"), 0s, [](result<guard>) noexcept {}); }));
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, thrown([&] {
                 return manager.enqueue_for(read("a"), -1s, [](result<guard>) noexcept {});
               }));
}

/* The last thing that keeps the manager is a function that times out. */
static void it_may_be_what_keeps_the_manager() {
  const auto alive = std::make_shared<int>(0);
  std::atomic<bool> told{false};
  {
    oarlock::manager manager;
    guard held = manager.acquire(write("a"));
    (void)manager.enqueue_for(read("a"), 1ms,
                              [&told, alive](result<guard>) noexcept { told = true; });
    (void)held.detach();
  }
  EVENTUALLY(told.load() && alive.use_count() == 1);
}

static void it_may_move_only() {
  const oarlock::manager manager;
  guard held = manager.acquire(write("a"));
  int value = 0;
  (void)manager.enqueue(write("a"),
                        [&value, seven = std::make_unique<int>(7)](result<guard>) noexcept {
                          value = *seven;
                        });
  held.release();
  CHECK(value == 7 && is_idle(manager));
}

static void a_ticket_ends_it() {
  const oarlock::manager manager;
  const guard held = manager.acquire(write("a"));
  oarlock_status heard = OARLOCK_OK;
  oarlock::enqueued waits =
      manager.enqueue(write("a"), [&](result<guard> outcome) noexcept { heard = outcome.code(); });
  oarlock::ticket ticket = std::get<oarlock::ticket>(waits);
  CHECK(ticket.id() != 0 && ticket.nothrow().cancel().value());
  CHECK(heard == OARLOCK_ERR_CANCELLED && !ticket.cancel());
}

/* Each function lets the next one in; none runs inside another. */
static void a_chain_of_them_stays_flat() {
  constexpr int links = 10000;
  const oarlock::manager manager;
  int depth = 0, deepest = 0, told = 0;
  guard held = manager.acquire(write("a"));
  for (int i = 0; i < links; i++) {
    (void)manager.enqueue(write("a"), [&](result<guard> outcome) noexcept {
      deepest = ++depth > deepest ? depth : deepest;
      ++told;
      outcome->release();
      --depth;
    });
  }
  held.release();
  CHECK(told == links && deepest == 1);
}

int main() {
  RUN(it_may_be_told_later);
  RUN(a_timeout_is_told_on_another_thread);
  RUN(it_may_be_what_keeps_the_manager);
  RUN(it_may_move_only);
  RUN(a_ticket_ends_it);
  RUN(a_chain_of_them_stays_flat);
  return check_failed_tests != 0;
}
