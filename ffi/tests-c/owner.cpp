// Owners, labels and limits in C++.
#include "thrown.hpp"

#include <string>
#include <type_traits>
#include <vector>

using namespace std::chrono_literals;
using oarlock::read;
using oarlock::write;

static_assert(std::is_nothrow_move_constructible_v<oarlock::owner>);
static_assert(!std::is_copy_constructible_v<oarlock::owner>);

static void requests_of_one_owner_do_not_conflict() {
  const oarlock::manager manager;
  const oarlock::owner one = manager.new_owner(), two = manager.new_owner();
  CHECK(one.id() != 0 && one.id() != two.id());
  const oarlock::guard outer = manager.acquire(write("a"), owned_by(one));
  const oarlock::guard inner = manager.acquire(write("a/b"), {one, "inner"});
  const oarlock::guard third = manager.acquire(write("a/d"), one);
  CHECK(manager.try_acquire(read("a"), {one, {}}).has_value());
  CHECK(!manager.try_acquire(read("a"), {two, {}}));
  CHECK(manager.would_grant(read("a"), owned_by(one)));
  CHECK(!manager.would_grant(read("a"), owned_by(two)));
  CHECK(!manager.would_grant(read("a")));
  const oarlock::pending mine = manager.enqueue(write("a/c"), owned_by(one));
  CHECK(mine.granted());
}

static void options_in_every_form() {
  const oarlock::manager manager;
  const oarlock::owner owner = manager.new_owner();
  const std::string label = "a label";
  oarlock::request_options about;
  about.owner = owner;
  about.label = label;
  const oarlock::guard one = manager.acquire(write("1"), about);
  const oarlock::guard two = manager.acquire(write("2"), {owner, label});
  const oarlock::guard three = manager.acquire_for(write("3"), 1h, oarlock::labelled(label));
  const oarlock::guard four =
      manager.acquire_until(write("4"), std::chrono::steady_clock::now() + 1h, {owner, label});
#if __cplusplus >= 202002L
  const oarlock::guard five = manager.acquire(write("5"), {.owner = owner, .label = label});
  const oarlock::guard six = manager.acquire(write("6"), {.label = label});
#endif
  for (const oarlock::request_info& seen : manager.inspect()) CHECK(seen.label == label);
  CHECK(manager.inspect_lock(two.id()).owner == owner.id());
  CHECK(manager.inspect_lock(three.id()).owner == 0);
  CHECK_STATUS(OARLOCK_ERR_INVALID_NAME,
               thrown([&] { return manager.acquire(write("7"), oarlock::labelled("\xff")); }));
}

static void another_managers_owner_is_refused() {
  const oarlock::manager manager, other;
  const oarlock::owner owner = other.new_owner();
  CHECK_STATUS(OARLOCK_ERR_FOREIGN_OWNER,
               thrown([&] { return manager.acquire(write("a"), owned_by(owner)); }));
}

static void an_owner_outlives_its_manager_object_and_its_guards_outlive_it() {
  oarlock::guard guard;
  {
    oarlock::owner owner = oarlock::manager().new_owner();
    CHECK(owner.id() != 0);
    const oarlock::manager manager;
    owner = manager.new_owner();
    guard = manager.acquire(write("a"), owned_by(owner));
    const oarlock::owner moved = std::move(owner);
    CHECK(moved.id() != 0 && owner.id() == 0);
  }
  CHECK(guard && guard.token() != 0);
}

static void a_cycle_of_owners_is_refused_and_named() {
  const oarlock::manager manager;
  const oarlock::owner one = manager.new_owner(), two = manager.new_owner();
  const oarlock::guard a = manager.acquire(write("a"), {one, "a of one"});
  oarlock::guard b = manager.acquire(write("b"), {two, "b of two"});
  const oarlock::pending waits = manager.enqueue(write("b"), {one, "waits"});
  try {
    (void)manager.acquire(write("a"), {two, "closes the cycle"});
    CHECK(false);
  } catch (const oarlock::deadlock_error& error) {
    CHECK_STATUS(OARLOCK_ERR_DEADLOCK, error.code());
    CHECK(error.parties().size() == 2);
    CHECK(error.parties()[0].label == "closes the cycle" && error.parties()[0].owner == two.id());
    CHECK(error.parties()[1].label == "waits" && error.parties()[1].owner == one.id());
    CHECK(error.parties()[1].id == waits.id());
    CHECK(error.parties()[1].state == oarlock::lock_state::waiting);
    CHECK(std::string(error.what()).find("closes the cycle") != std::string::npos);
  }
  b.release();  // two keeps what it holds until then
  CHECK(waits.granted() && a);
}

static void a_limit_makes_a_semaphore() {
  const oarlock::manager manager;
  oarlock::claim two = read("pool").limit(2);
  CHECK(two.limit() == 2u && !read("pool").limit());
  oarlock::guard first = manager.acquire(two);
  const oarlock::guard second = manager.acquire({two, read("other")});
  CHECK(!manager.try_acquire(two));
  CHECK(manager.try_acquire(read("pool")).has_value());
  CHECK(manager.try_acquire(read("pool").limit(3)).has_value());
  CHECK(manager.inspect_lock(first.id()).claims[0].limit() == 2u);
  first.release();
  CHECK(manager.try_acquire(two).has_value());
  two.limit(1);
  CHECK(!manager.try_acquire(two));
  CHECK_STATUS(OARLOCK_ERR_ZERO_LIMIT, thrown([&] { return manager.acquire(read("x").limit(0)); }));
  CHECK_STATUS(OARLOCK_ERR_ZERO_LIMIT,
               thrown([&] { return manager.acquire(write("x").limit(0)); }));
  CHECK_STATUS(OARLOCK_ERR_LIMIT_ON_WRITE,
               thrown([&] { return manager.acquire(write("x").limit(1)); }));
}

static void paths_and_claims_tell_what_they_are() {
  const oarlock::path text = "a/b", list = {"a", "b"}, odd = {"a/b", "", "c"}, root;
  CHECK(text == list && text != odd && root == oarlock::path("") && root == oarlock::path({}));
  CHECK(odd.segments() == (std::vector<std::string_view>{"a/b", "", "c"}));
  CHECK(text.segments().size() == 2 && root.segments().empty());
  CHECK(list.text() == "a/b" && root.text().empty());
  const oarlock::claim claim = write(text);
  CHECK(claim.mode() == oarlock::mode::write && claim.path() == list);
}

int main() {
  RUN(requests_of_one_owner_do_not_conflict);
  RUN(options_in_every_form);
  RUN(another_managers_owner_is_refused);
  RUN(an_owner_outlives_its_manager_object_and_its_guards_outlive_it);
  RUN(a_cycle_of_owners_is_refused_and_named);
  RUN(a_limit_makes_a_semaphore);
  RUN(paths_and_claims_tell_what_they_are);
  return check_failed_tests != 0;
}
