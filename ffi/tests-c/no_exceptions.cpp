// The headers without exceptions: everything is returned, and a failure of the throwing
// form ends the program with its message. (The compiler's own flag for that does the same
// to the headers; here exceptions are left to the tests' other parts.)
#define OARLOCK_EXCEPTIONS 0
#include "oarlock.hpp"

#include "child.h"

#include <chrono>
#include <string>
#include <utility>
#include <variant>

using namespace std::chrono_literals;
using oarlock::read;
using oarlock::write;

static void everything_is_returned() {
  oarlock::result<oarlock::manager> manager = oarlock::manager::make();
  CHECK(manager.has_value());
  const auto locks = std::as_const(*manager).nothrow();
  oarlock::result<oarlock::guard> held = locks.acquire({write("a"), read("b")});
  CHECK(held && held->token() != 0);
  CHECK_STATUS(OARLOCK_ERR_TIMEOUT, locks.acquire_for(write("a"), 0s).code());
  CHECK_STATUS(OARLOCK_ERR_WOULD_BLOCK, locks.try_acquire(write("a")).code());
  const oarlock::result<oarlock::guard> bad = locks.acquire(read("x//y"));
  CHECK(!bad && std::string(bad.error().message()).find("x//y") != std::string::npos);
  CHECK(held->nothrow().downgrade() && held->nothrow().try_upgrade().value_or(false));
  // Functions need not be noexcept where nothing is thrown.
  int told = 0;
  auto waits = locks.enqueue(read("a"), [&](oarlock::result<oarlock::guard> outcome) {
    told += outcome.has_value();
  });
  CHECK(waits && std::holds_alternative<oarlock::ticket>(*waits));
  CHECK(held->nothrow().release() && told == 1);
  oarlock::result<oarlock::queue> queue = oarlock::queue::make(*manager);
  CHECK(queue && std::as_const(*queue).nothrow().drain()->empty());
}

static void mutexes_lock() {
  static oarlock::mutex mutex;
  mutex.lock();
  CHECK(!mutex.try_lock_shared_for(1ms));
  mutex.unlock();
}

static std::string last_words(void (*body)()) {
  int ends[2];
  assert(pipe(ends) == 0);
  const pid_t child = child_begin();
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    body();
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char some[256];
  for (ssize_t got = 0; (got = ::read(ends[0], some, sizeof some)) > 0;) {
    said.append(some, static_cast<std::size_t>(got));
  }
  close(ends[0]);
  int status = 0;
  assert(waitpid(child, &status, 0) == child);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? said : "did not abort: " + said;
}

static void the_other_form_ends_the_program() {
  CHECK(last_words([] { (void)oarlock::manager().acquire(read("x//y")); }).find("oarlock: ") == 0);
  CHECK(last_words([] { (void)oarlock::manager().acquire(read("x//y")); }).find("x//y") !=
        std::string::npos);
  CHECK(last_words([] { oarlock::mutex().unlock(); }).find("oarlock: ") == 0);
  CHECK(last_words([] {
          oarlock::result<int> none = oarlock::failure(OARLOCK_ERR_CLOSED);
          none.value() = 1;
        }).find("oarlock: ") == 0);
}

int main() {
  RUN(everything_is_returned);
  RUN(mutexes_lock);
  RUN(the_other_form_ends_the_program);
  return check_failed_tests != 0;
}
