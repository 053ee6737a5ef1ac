// Tests of a host and a plugin that share locks: test PLUGINS
//
// Prints PASS or FAIL for each. Nothing here sleeps: where somebody has to be waiting,
// the manager is asked until it says so.
#include "python.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <iostream>
#include <oarlock.hpp>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "editor_module.hpp"

namespace {

using namespace std::chrono_literals;

void expect(bool truth, const std::string& what) {
  if (!truth) throw std::runtime_error("not so: " + what);
}

void expect_same(const std::string& found, const std::string& wanted) {
  expect(found == wanted, "\"" + found + "\" is \"" + wanted + "\"");
}

oarlock::manager locks() { return oarlock::manager::named(document::locks_name); }

// Calls the plugin, from any thread, whatever locks that holds.
std::string plugin(const char* function) {
  const python::gil hold;
  return python::call("test_plugin", function);
}

std::future<std::string> plugin_thread(const char* function) {
  return std::async(std::launch::async, [function] { return plugin(function); });
}

template <class T>
T in_time(std::future<T>& future) {
  expect(future.wait_for(60s) == std::future_status::ready, "it comes in time");
  return future.get();
}

void until_waiting(const std::string& label) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  const auto waits = [&](const oarlock::request_info& it) {
    return it.label == label && it.state == oarlock::lock_state::waiting;
  };
  for (;;) {
    const std::vector<oarlock::request_info> seen = locks().inspect();
    if (std::any_of(seen.begin(), seen.end(), waits)) return;
    expect(std::chrono::steady_clock::now() < end, label + " waits in time");
    std::this_thread::yield();
  }
}

// Two copies would have two managers of one name.
void there_is_one_library() {
  std::set<std::string> files;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("liboarlock") != line.npos) files.insert(line.substr(line.find('/')));
  }
  expect(files.size() == 1, "liboarlock is loaded once");
}

void each_sees_the_other() {
  const oarlock::guard intro =
      locks().acquire(oarlock::write("document/intro"), oarlock::labelled("host: intro"));
  const std::string token = plugin("hold_methods");
  const std::string both =
      "host: intro holds document/intro; plugin: methods holds document/methods";
  expect_same(plugin("look"), both);
  const std::vector<oarlock::request_info> seen = locks().inspect("document");
  expect(seen.size() == 2 && seen[0].label == "host: intro" && seen[1].label == "plugin: methods",
         "the host sees both, too");
  expect(seen[1].token == std::stoull(token), "and the plugin's token");
  expect_same(plugin("try_intro"), "no");
  expect(!locks().try_acquire(oarlock::read("document/methods/field")), "nor can the host");
  plugin("let_go");
}

void the_hosts_timeout_names_the_plugin() {
  plugin("hold_methods");
  try {
    static_cast<void>(locks().acquire_for(oarlock::write("document"), 50ms));
    expect(false, "it is late");
  } catch (const oarlock::timeout_error& late) {
    expect(late.parties().size() == 1, "one is in the way");
    expect_same(late.parties()[0].label, "plugin: methods");
  }
  plugin("let_go");
}

void the_plugins_timeout_names_the_host() {
  const oarlock::guard intro =
      locks().acquire(oarlock::write("document/intro"), oarlock::labelled("host: intro"));
  expect_same(plugin("be_late_for_intro"), "host: intro");
}

// A thread of the plugin waits for the host, which asks the plugin for something. If
// that thread had the GIL, neither would ever go on.
void the_gil_is_free_while_the_plugin_waits() {
  oarlock::guard intro = locks().acquire(oarlock::write("document/intro"));
  const std::uint64_t before = intro.token();
  std::future<std::string> waiting = plugin_thread("wait_for_intro");
  until_waiting("plugin: intro");
  expect_same(plugin("answer"), "42");
  intro.release();
  expect(std::stoull(in_time(waiting)) > before, "the later one has the greater token");
}

void the_host_waits_without_the_gil() {
  const std::string before = plugin("hold_methods");
  std::future<std::uint64_t> waiting = std::async(std::launch::async, [] {
    return locks()
        .acquire_for(oarlock::write("document/methods"), 60s, oarlock::labelled("host: methods"))
        .token();
  });
  until_waiting("host: methods");
  expect_same(plugin("look"), "plugin: methods holds document/methods; "
                              "host: methods waits for document/methods");
  plugin("let_go");
  expect(in_time(waiting) > std::stoull(before), "the later one has the greater token");
}

void errors_are_told_by_their_status() {
  expect_same(plugin("refusals"), "empty-segment no-claims too-many-segments stale");
}

void a_dropped_guard_is_released() {
  expect_same(plugin("drop_a_guard"), "ResourceWarning");
  expect(locks().try_acquire(oarlock::write("document")).has_value(), "all is free");
}

void a_late_write_is_refused() {
  expect_same(plugin("write_late"), "document/intro has been written under a later lock");
}

// The last test: the manager stays closed.
void closing_ends_the_plugins_wait() {
  const oarlock::guard intro = locks().acquire(oarlock::write("document/intro"));
  std::future<std::string> waiting = plugin_thread("wait_for_intro");
  until_waiting("plugin: intro");
  locks().close();
  expect_same(in_time(waiting), "closed");
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::pair<const char*, void (*)()>> tests = {
      {"there_is_one_library", there_is_one_library},
      {"each_sees_the_other", each_sees_the_other},
      {"the_hosts_timeout_names_the_plugin", the_hosts_timeout_names_the_plugin},
      {"the_plugins_timeout_names_the_host", the_plugins_timeout_names_the_host},
      {"the_gil_is_free_while_the_plugin_waits", the_gil_is_free_while_the_plugin_waits},
      {"the_host_waits_without_the_gil", the_host_waits_without_the_gil},
      {"errors_are_told_by_their_status", errors_are_told_by_their_status},
      {"a_dropped_guard_is_released", a_dropped_guard_is_released},
      {"a_late_write_is_refused", a_late_write_is_refused},
      {"closing_ends_the_plugins_wait", closing_ends_the_plugins_wait},
  };
  int failed = 0;
  try {
    document edited({"document/intro", "document/methods"});
    const oarlock::manager kept = locks();  // so that it is the same one all the time
    offer_editor_module(edited);
    const python::interpreter interpreter(PYTHON_HOME, argc > 1 ? argv[1] : ".");
    python::call("test_plugin", "answer");
    const python::released others_run;
    for (const auto& [name, test] : tests) {
      try {
        test();
        std::cout << "PASS " << name << std::endl;
      } catch (const std::exception& error) {
        std::cout << error.what() << "\nFAIL " << name << std::endl;
        ++failed;
      }
    }
  } catch (const std::exception& error) {
    std::cout << error.what() << "\nFAIL the interpreter runs" << std::endl;
    ++failed;
  }
  return failed == 0 ? 0 : 1;
}
