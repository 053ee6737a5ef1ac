// Claims, guards and errors of the C++ header.
#include "thrown.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using oarlock::read;
using oarlock::write;

static void a_guard_holds_while_it_lives() {
  const oarlock::manager manager;
  {
    const oarlock::guard guard = manager.acquire({write("a"), read("b")});
    CHECK(guard && guard.token() != 0 && guard.id() != 0);
    CHECK(!manager.try_acquire(read("a")));
    CHECK(!manager.try_acquire(write("b")));
    CHECK(manager.try_acquire(read("b/c")).has_value());
  }
  CHECK(manager.try_acquire(write("")).has_value());
}

static void a_guard_moves() {
  const oarlock::manager manager;
  oarlock::guard one = manager.acquire(write("a"));
  oarlock::guard two = std::move(one);
  CHECK(!one && two && one.token() == 0);
  CHECK(!manager.try_acquire(read("a")));
  two = manager.acquire(write("b"));  // lets go of "a"
  CHECK(manager.try_acquire(read("a")).has_value());
  oarlock::guard& same = two;
  two = std::move(same);
  CHECK(two && !manager.try_acquire(read("b")));
  two.release();
  CHECK(!two && manager.try_acquire(write("b")).has_value());
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { two.release(); }));
}

static void a_guard_outlives_its_manager_object() {
  oarlock::guard guard;
  oarlock::manager copy = oarlock::manager::named("outlived");
  {
    const oarlock::manager manager = oarlock::manager::named("outlived");
    guard = manager.acquire(write("a"));
  }
  CHECK(!copy.try_acquire(read("a")));
  copy = oarlock::manager();
  CHECK(!oarlock::manager::named("outlived").try_acquire(read("a")));
  guard.release();
  CHECK(oarlock::manager::named("outlived").try_acquire(read("a")).has_value());
}

static void paths_in_every_form() {
  const oarlock::manager manager;
  const std::string text = "a/b";
  const std::vector<std::string> list = {"a", "b"};
  const std::vector<oarlock::claim> same = {
      write("a/b"), write(text), write(std::string_view(text)), write({"a", "b"}), write(list),
      oarlock::claim(oarlock::mode::write, list.begin(), list.end())};
  for (const oarlock::claim& claim : same) {
    const oarlock::guard guard = manager.acquire(claim);
    CHECK(!manager.try_acquire(read({"a", "b", "c"})));
    CHECK(manager.try_acquire(read({"a/b"})).has_value());
  }
  for (const oarlock::claim& root : {write(""), write({}), write(std::vector<std::string>())}) {
    const oarlock::guard guard = manager.acquire(root);
    CHECK(!manager.try_acquire(read("x")));
  }
  const oarlock::guard odd = manager.acquire(write({std::string_view("a\0b", 3), "", "c/d"}));
  CHECK(manager.try_acquire(write("a")).has_value());
  CHECK(!manager.try_acquire(read({std::string_view("a\0b", 3), ""})));
}

static void many_claims_at_once() {
  const oarlock::manager manager;
  std::vector<oarlock::claim> claims;
  for (int i = 0; i < 100; i++) {
    claims.push_back(i % 2 ? write({"list", std::to_string(i)}) : read("text/" + std::to_string(i)));
  }
  const oarlock::guard guard = manager.acquire(claims);
  CHECK(!manager.try_acquire(read("list/99")) && !manager.try_acquire(write("text/98")));
  CHECK(manager.try_acquire({write("list/98"), read("text/98"), write("text/99")}).has_value());
}

static void bad_requests() {
  const oarlock::manager manager({2, 3, 4, 1});
  CHECK_STATUS(OARLOCK_ERR_NO_CLAIMS, thrown([&] { (void)manager.acquire({}); }));
  CHECK_STATUS(OARLOCK_ERR_NO_CLAIMS, thrown([&] { (void)manager.try_acquire({}); }));
  CHECK_STATUS(OARLOCK_ERR_NO_CLAIMS, thrown([&] { (void)manager.enqueue({}); }));
  for (const char* text : {"a//b", "/a", "a/", "/"}) {
    CHECK_STATUS(OARLOCK_ERR_EMPTY_SEGMENT, thrown([&] { (void)manager.acquire(read(text)); }));
  }
  CHECK_STATUS(OARLOCK_ERR_INVALID_MODE, thrown([&] {
                 (void)manager.acquire(oarlock::claim(static_cast<oarlock::mode>(7), "a"));
               }));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_CLAIMS,
               thrown([&] { (void)manager.acquire({read("a"), read("b"), read("c")}); }));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_SEGMENTS,
               thrown([&] { (void)manager.acquire(read("a/b/c/d")); }));
  CHECK_STATUS(OARLOCK_ERR_TOO_MANY_SEGMENTS,
               thrown([&] { (void)manager.try_acquire(read({"a", "", "", ""})); }));
  CHECK_STATUS(OARLOCK_ERR_PATH_TOO_LONG, thrown([&] { (void)manager.acquire(read("abcde")); }));
  CHECK_STATUS(OARLOCK_ERR_INVALID_NAME,
               thrown([&] { (void)oarlock::manager::named("caf\xe9"); }));
  CHECK(manager.try_acquire(write("")).has_value());
  try {
    (void)manager.acquire(read("x//y"));
    CHECK(false);
  } catch (const std::runtime_error& error) {
    CHECK(std::string(error.what()).find("x//y") != std::string::npos);
  }
}

static void timeouts() {
  const oarlock::manager manager;
  oarlock::guard guard = manager.acquire_for(write("a"), 1h);
  bool timed_out = false;
  try {
    (void)manager.acquire_for(read("a"), 1ms);
  } catch (const oarlock::timeout_error& error) {
    timed_out = error.code() == OARLOCK_ERR_TIMEOUT;
  }
  CHECK(timed_out);
  const auto status = [&](auto timeout) {
    return thrown([&] { (void)manager.acquire_for(read("a"), timeout); });
  };
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, status(0s));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, status(std::chrono::duration<double>(0.001)));
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, status(-1ns));
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT, status(std::chrono::hours::min()));
  CHECK_STATUS(OARLOCK_ERR_INVALID_TIMEOUT,
               status(std::chrono::duration<double>(std::numeric_limits<double>::quiet_NaN())));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT_TOO_LARGE, status(std::chrono::hours::max()));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT_TOO_LARGE, status(std::chrono::duration<double>(1e300)));
  const auto now = std::chrono::steady_clock::now();
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, thrown([&] { (void)manager.acquire_until(read("a"), now); }));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT,
               thrown([&] { (void)manager.acquire_until(read("a"), now + 1ms); }));
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, thrown([&] {
                 (void)manager.acquire_until(read("a"),
                                             std::chrono::system_clock::time_point::min());
               }));
  guard.release();
  guard = manager.acquire_until(read("a"), std::chrono::steady_clock::time_point::max());
  CHECK(guard);
}

static void use_after_close() {
  const oarlock::manager manager;
  oarlock::guard held = manager.acquire(write("a"));
  manager.close();
  bool closed = false;
  try {
    (void)manager.acquire(write("b"));
  } catch (const oarlock::closed_error& error) {
    closed = error.code() == OARLOCK_ERR_CLOSED;
  }
  CHECK(closed);
  CHECK_STATUS(OARLOCK_ERR_CLOSED, thrown([&] { (void)manager.try_acquire(write("b")); }));
  CHECK_STATUS(OARLOCK_ERR_CLOSED, thrown([&] { (void)manager.enqueue(write("b")); }));
  manager.close();
  held.release();
}

static void a_second_release_is_stale() {
  const oarlock::manager manager;
  oarlock::guard guard = manager.acquire(write("a"));
  CHECK_STATUS(OARLOCK_OK, oarlock_release(manager.native(), guard.id()));
  const oarlock::guard successor = manager.acquire(write("a"));
  CHECK_STATUS(OARLOCK_ERR_STALE, thrown([&] { guard.release(); }));
  CHECK(!manager.try_acquire(read("a")));
  const oarlock::manager other;
  CHECK_STATUS(OARLOCK_ERR_STALE, oarlock_release(other.native(), successor.id()));
}

int main() {
  RUN(a_guard_holds_while_it_lives);
  RUN(a_guard_moves);
  RUN(a_guard_outlives_its_manager_object);
  RUN(paths_in_every_form);
  RUN(many_claims_at_once);
  RUN(bad_requests);
  RUN(timeouts);
  RUN(use_after_close);
  RUN(a_second_release_is_stale);
  return check_failed_tests != 0;
}
