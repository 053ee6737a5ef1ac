// Claims, guards and errors of the C++ header.
#include "thrown.hpp"

#include <chrono>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>
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
    CHECK(manager.try_acquire(read(oarlock::path::of_segments({"a/b"}))).has_value());
  }
  for (const oarlock::claim& root : {write(""), write({}), write(std::vector<std::string>())}) {
    const oarlock::guard guard = manager.acquire(root);
    CHECK(!manager.try_acquire(read("x")));
  }
  const oarlock::guard odd = manager.acquire(write({std::string_view("a\0b", 3), "", "c/d"}));
  CHECK(manager.try_acquire(write("a")).has_value());
  CHECK(!manager.try_acquire(read({std::string_view("a\0b", 3), ""})));
}

/* Whether a call refuses a list of one segment, and says what to write. */
template <class Call>
static bool refuses_one_segment(Call call) {
  try {
    (void)call();
  } catch (const oarlock::error& error) {
    return error.code() == OARLOCK_ERR_INVALID_ARGUMENT &&
           std::string(error.what()).find("path(\"a/b\")") != std::string::npos;
  }
  return false;
}

static void a_single_segment_in_braces_holds_no_slash() {
  const oarlock::manager manager;
  const std::string text = "a/b";
  const oarlock::path doubtful{text};
  const std::vector<std::string> meant = {text};
  CHECK(refuses_one_segment([&] { return manager.acquire(write({"a/b"})); }));
  CHECK(refuses_one_segment([&] { return manager.try_acquire({read("a"), read(doubtful)}); }));
  CHECK(refuses_one_segment([&] { return manager.would_grant(read({text})); }));
  CHECK(refuses_one_segment([&] { return manager.enqueue(read({text})); }));
  CHECK(refuses_one_segment([&] { return manager.inspect({"a/b"}); }));
  oarlock::guard guard = manager.acquire(write(meant));
  CHECK(refuses_one_segment([&] { return guard.release_part({"a/b"}); }));
  oarlock::mutex mutex(manager, {"a/b"});
  CHECK(refuses_one_segment([&] { mutex.lock(); return 0; }));
  CHECK(refuses_one_segment([&] { return mutex.try_lock_shared(); }));
  CHECK(!manager.try_acquire(read(oarlock::path::of_segments({text}))));
  CHECK(manager.try_acquire(write({"x/y", "c/d"})) && manager.try_acquire(read({"ab"})));
  CHECK(oarlock::path::of_segments({text}) == oarlock::path(meant));
}

static_assert(!std::is_constructible_v<oarlock::path, std::vector<int>>);
static_assert(!std::is_constructible_v<oarlock::path, int*, int*>);
static_assert(!std::is_constructible_v<oarlock::path, std::nullptr_t>);
static_assert(!std::is_constructible_v<oarlock::path, std::filesystem::path>);
static_assert(std::is_constructible_v<oarlock::path, std::vector<std::string>>);

static void a_files_path_is_given_by_its_text() {
  const std::filesystem::path file = "/srv/data";
  const oarlock::path text(file.relative_path().generic_string());
  CHECK(text == oarlock::path({"srv", "data"}));
}

static void paths_are_keys() {
  const oarlock::path text("a/b"), list({"a", "b"}), above("a"), later("b");
  CHECK(above < text && text < later && text <= list && later > above && later >= list);
  CHECK((std::set<oarlock::path>{text, later, list, above}.size() == 3));
  CHECK((std::unordered_set<oarlock::path>{text, later, list, above}.size() == 3));
#if OARLOCK_THREE_WAY
  CHECK((above <=> text) < 0 && (text <=> list) == 0);
#endif
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
  guard = manager.acquire_for(read("a"), std::chrono::hours::max());
  guard = manager.acquire_for(read("a"), std::chrono::duration<double>(1e300));
  CHECK(oarlock::detail::nanoseconds(std::chrono::hours::max()).ns == OARLOCK_FOREVER);
  CHECK(oarlock::detail::nanoseconds(std::chrono::duration<double>(1e300)).ns == OARLOCK_FOREVER);
  oarlock::watch watch =
      manager.watch(std::chrono::hours::max(), [](const oarlock::request_info&) noexcept {});
  CHECK(watch);
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
  RUN(a_single_segment_in_braces_holds_no_slash);
  RUN(a_files_path_is_given_by_its_text);
  RUN(paths_are_keys);
  RUN(many_claims_at_once);
  RUN(bad_requests);
  RUN(timeouts);
  RUN(use_after_close);
  RUN(a_second_release_is_stale);
  return check_failed_tests != 0;
}
