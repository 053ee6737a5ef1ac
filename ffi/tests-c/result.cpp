// Both forms of failing in C++: thrown, and returned.
#include "thrown.hpp"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using oarlock::failure;
using oarlock::read;
using oarlock::result;
using oarlock::write;

static_assert(std::is_nothrow_copy_constructible_v<oarlock::error>);
static_assert(std::is_nothrow_copy_constructible_v<failure>);
static_assert(std::is_base_of_v<std::runtime_error, oarlock::error>);
static_assert(!std::is_copy_constructible_v<result<oarlock::guard>>);
static_assert(std::is_nothrow_move_constructible_v<result<oarlock::guard>>);
static_assert(std::is_same_v<result<int>::value_type, int>);
static_assert(!std::is_convertible_v<result<int>, bool>);

static void a_result_has_a_value_or_a_failure() {
  result<std::string> good("x");
  CHECK(good && good.has_value() && good.value() == "x" && *good == "x" && good->size() == 1);
  CHECK_STATUS(OARLOCK_OK, good.code());
  CHECK(std::as_const(good).value_or("y") == "x");
  const std::string moved = std::move(good).value();
  CHECK(moved == "x");
  result<std::string> bad = failure(OARLOCK_ERR_CLOSED);
  CHECK(!bad && !bad.has_value() && bad.value_or("y") == "y");
  CHECK_STATUS(OARLOCK_ERR_CLOSED, bad.code());
  CHECK_STATUS(OARLOCK_ERR_CLOSED, bad.error().code());
  CHECK(std::string(bad.error().name()) == "closed" && bad.error().message()[0] != '\0');
  CHECK(throws<oarlock::closed_error>([&] { bad.value(); }));
  CHECK(throws<oarlock::closed_error>([&] { std::as_const(bad).value(); }));
  CHECK(throws<oarlock::closed_error>([&] { std::move(bad).value(); }));
  bad = std::string("z");
  CHECK(bad && *bad == "z");
}

static void a_result_of_nothing() {
  const result<void> good, bad = failure(OARLOCK_ERR_STALE);
  good.value();
  CHECK(good && !bad);
  CHECK_STATUS(OARLOCK_OK, good.code());
  CHECK_STATUS(OARLOCK_ERR_STALE, bad.error().code());
  CHECK(throws<oarlock::stale_error>([&] { bad.value(); }));
}

#if OARLOCK_EXPECTED
static void it_converts_to_the_standard_type() {
  const oarlock::manager manager;
  std::expected<oarlock::guard, failure> good = manager.nothrow().acquire(write("a"));
  CHECK(good && good->token() != 0);
  std::expected<oarlock::guard, failure> bad = manager.nothrow().acquire({});
  CHECK(!bad && bad.error().code() == OARLOCK_ERR_NO_CLAIMS);
  std::expected<void, failure> nothing = good->nothrow().release();
  CHECK(nothing.has_value());
  nothing = good->nothrow().release();
  CHECK(!nothing && nothing.error().code() == OARLOCK_ERR_STALE);
}
#endif

static void each_kind_has_its_type() {
  const auto type_of = [](oarlock_status status) { return failure(status); };
  const auto raised = [&](oarlock_status status) {
    return [status, &type_of] { oarlock::raise(type_of(status)); };
  };
  CHECK(throws<oarlock::timeout_error>(raised(OARLOCK_ERR_TIMEOUT)));
  CHECK(throws<oarlock::cancelled_error>(raised(OARLOCK_ERR_CANCELLED)));
  CHECK(throws<oarlock::deadlock_error>(raised(OARLOCK_ERR_DEADLOCK)));
  CHECK(throws<oarlock::closed_error>(raised(OARLOCK_ERR_CLOSED)));
  CHECK(throws<oarlock::too_many_waiting_error>(raised(OARLOCK_ERR_TOO_MANY_WAITING)));
  CHECK(throws<oarlock::stale_error>(raised(OARLOCK_ERR_STALE)));
  CHECK(throws<oarlock::forked_error>(raised(OARLOCK_ERR_FORKED)));
  CHECK(throws<oarlock::error>(raised(OARLOCK_ERR_NO_CLAIMS)));
}

static void a_failure_says_what_was_wrong() {
  const oarlock::manager manager;
  const result<oarlock::guard> bad = manager.nothrow().acquire(read("x//y"));
  CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, bad.code());
  CHECK(std::string(bad.error().message()).find("x//y") != std::string::npos);
  const failure copy = bad.error();
  CHECK(copy.message() == bad.error().message());
  CHECK(copy.parties().empty());
  const failure own(OARLOCK_ERR_INTERNAL, "said so");
  CHECK(std::string(own.message()) == "said so" && own.code() == OARLOCK_ERR_INTERNAL);
}

static void a_timeout_names_who_was_in_the_way() {
  const oarlock::manager manager;
  const oarlock::owner owner = manager.new_owner();
  const oarlock::guard held = manager.acquire(write("a"), {owner, "the holder"});
  try {
    (void)manager.acquire_for(read("a"), 1ms);
    CHECK(false);
  } catch (const oarlock::timeout_error& error) {
    CHECK(error.parties().size() == 1);
    CHECK(error.parties()[0].id == held.id() && error.parties()[0].label == "the holder");
    CHECK(error.parties()[0].owner == owner.id());
    CHECK(error.parties()[0].state == oarlock::lock_state::granted);
    CHECK(error.why().parties().size() == 1);
  }
}

static void every_call_has_both_forms() {
  const oarlock::manager manager;
  const auto quiet = manager.nothrow();
  result<oarlock::guard> held = quiet.acquire(read("a"));
  CHECK(held.has_value());
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK, quiet.try_acquire(write("a")).code());
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, quiet.acquire_for(write("a"), 0s).code());
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, quiet.acquire_for(write("a"), -1s).code());
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               quiet.acquire_until(write("a"), std::chrono::system_clock::now()).code());
  CHECK(quiet.would_grant(read("a")).value() && !quiet.would_grant(write("a")).value());
  CHECK_STATUS(OARLOCK_ERR_NO_CLAIMS, quiet.would_grant({}).code());
  result<oarlock::pending> waits = quiet.enqueue(write("a"));
  CHECK(!waits->nothrow().granted().value());
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, waits->nothrow().wait_for(0s).code());
  CHECK(waits->nothrow().cancel().value());
  CHECK_STATUS(OARLOCK_ERR_STALE, waits->nothrow().granted().code());
  CHECK_STATUS(OARLOCK_ERR_STALE, waits->nothrow().wait().code());
  CHECK_STATUS(OARLOCK_ERR_STALE, waits->nothrow().cancel().code());
  CHECK_STATUS(OARLOCK_ERR_STALE, quiet.cancel(77).code());
  CHECK(held->nothrow().upgrade().has_value());
  CHECK(held->nothrow().downgrade().has_value());
  CHECK_STATUS(OARLOCK_ERR_NOT_CLAIMED, held->nothrow().release_part("b").code());
  CHECK(held->nothrow().release().has_value());
  CHECK_STATUS(OARLOCK_ERR_STALE, held->nothrow().release().code());
  CHECK(quiet.name().value() == std::nullopt && !quiet.is_closed().value());
  CHECK(quiet.inspect()->empty() && quiet.stats()->grants == 1);
  CHECK_STATUS(OARLOCK_ERR_STALE, quiet.inspect_lock(77).code());
  CHECK_STATUS(OARLOCK_ERR_STALE, quiet.blockers(77).code());
  CHECK_STATUS(OARLOCK_ERR_STALE, quiet.state(77).code());
  CHECK_STATUS(OARLOCK_ERR_STALE, quiet.adopt(77).code());
  CHECK_STATUS(OARLOCK_ERR_STALE, quiet.release(77).code());
  CHECK(quiet.close().has_value() && quiet.is_closed().value());
  CHECK_STATUS(OARLOCK_ERR_CLOSED, quiet.acquire(read("a")).code());
}

static void objects_are_made_in_both_forms() {
  result<oarlock::manager> made = oarlock::manager::make();
  CHECK(made && is_idle(*made));
  CHECK_STATUS(OARLOCK_ERR_INVALID_NAME, oarlock::manager::make_named("\xff").code());
  const result<oarlock::manager> named = oarlock::manager::make_named("made");
  CHECK(named->name() == "made");
  result<oarlock::queue> queue = oarlock::queue::make(*made);
  CHECK(queue && queue->nothrow().fd().value() >= 0);
  const oarlock::manager moved = std::move(*made);
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, made->nothrow().acquire(read("a")).code());
}

static void what_was_moved_from_says_so() {
  const auto says = [](const failure& why, const char* what) {
    return why.code() == OARLOCK_ERR_INVALID_ARGUMENT && std::string(why.message()) == what;
  };
  oarlock::manager manager;
  oarlock::queue queue(manager);
  oarlock::owner owner = manager.new_owner();
  const oarlock::owner other_owner = std::move(owner);
  const auto of_owner = manager.nothrow().acquire(read("a"), owned_by(owner));
  CHECK(says(of_owner.error(), "the owner was moved from"));
  CHECK(says(manager.nothrow().try_acquire(read("a"), {owner, "x"}).error(),
             "the owner was moved from"));
  const oarlock::queue other_queue = std::move(queue);
  CHECK(says(queue.nothrow().enqueue(read("a"), nullptr).error(), "the queue was moved from"));
  CHECK(says(queue.nothrow().post().error(), "the queue was moved from"));
  CHECK(says(queue.nothrow().drain().error(), "the queue was moved from"));
  const oarlock::manager other = std::move(manager);
  const char* const moved = "the manager was moved from";
  CHECK(says(manager.nothrow().acquire(read("a")).error(), moved));
  CHECK(says(manager.nothrow().try_acquire(read("a")).error(), moved));
  CHECK(says(manager.nothrow().inspect().error(), moved));
  CHECK(says(manager.nothrow().stats().error(), moved));
  CHECK(says(manager.nothrow().new_owner().error(), moved));
  CHECK(says(manager.nothrow().close().error(), moved));
  CHECK(says(oarlock::queue::make(manager).error(), moved));
  oarlock::mutex mutex(manager, "a");
  CHECK_STATUS(OARLOCK_ERR_INVALID_ARGUMENT, thrown([&] { mutex.lock(); }));
}

int main() {
  RUN(a_result_has_a_value_or_a_failure);
  RUN(a_result_of_nothing);
#if OARLOCK_EXPECTED
  RUN(it_converts_to_the_standard_type);
#endif
  RUN(each_kind_has_its_type);
  RUN(a_failure_says_what_was_wrong);
  RUN(a_timeout_names_who_was_in_the_way);
  RUN(every_call_has_both_forms);
  RUN(objects_are_made_in_both_forms);
  RUN(what_was_moved_from_says_so);
  return check_failed_tests != 0;
}
