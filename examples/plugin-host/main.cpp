// A document editor with plugins in Python. The host's threads type, the plugin's
// threads reformat, and each locks what it works on in one named manager.
//
//   editor PLUGINS [WORDS [SEED]]
//
// PLUGINS is where oarlock_host.py and the plugin's folder are, as host:plugins.
#include "python.hpp"

#include <chrono>
#include <future>
#include <iostream>
#include <oarlock.hpp>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "editor_module.hpp"

namespace {

using namespace std::chrono_literals;

constexpr unsigned typists = 4;

const std::vector<std::string> paths = {
    "document/abstract",
    "document/methods/field",   "document/methods/laboratory", "document/methods/statistics",
    "document/results/figures", "document/results/tables",     "document/results/text",
};

// One host thread: types words at the end of sections, each time with a look at another
// section. It never has the GIL.
void type(document& edited, const oarlock::manager& locks, std::mt19937_64 random,
          const std::string& name, unsigned words) {
  for (unsigned i = 0; i < words; ++i) {
    const std::string &at = paths[random() % paths.size()], &from = paths[random() % paths.size()];
    const oarlock::guard guard = locks.acquire_for({oarlock::write(at), oarlock::read(from)}, 60s,
                                                   oarlock::labelled(name));
    const std::string text = edited.text(at), seen = edited.text(from);
    std::this_thread::yield();  // in which somebody could change it
    if (edited.text(from) != seen) throw std::runtime_error(from + " changed while it was read");
    edited.replace(at, text + " " + name + "." + std::to_string(i), guard.token());
  }
}

// Whether each word that was typed is there, once.
bool complete(const document& edited, unsigned words) {
  std::multiset<std::string> found, wanted;
  for (const std::string& path : paths) {
    std::istringstream text(edited.text(path));
    for (std::string word; text >> word;) found.insert(word);
  }
  for (unsigned typist = 0; typist < typists; ++typist) {
    for (unsigned i = 0; i < words; ++i) {
      wanted.insert("typist" + std::to_string(typist) + "." + std::to_string(i));
    }
  }
  return found == wanted;
}

// The plugin's threads, which run until stop, or until this goes. Needs the GIL.
class formatters {
 public:
  formatters() : number(python::call("reformat", "start")) {}
  ~formatters() {
    try {
      stop();
    } catch (const python::error& error) {
      std::cerr << "editor: " << error.what() << '\n';
    }
  }
  formatters(const formatters&) = delete;
  formatters& operator=(const formatters&) = delete;

  // How many passes they made.
  std::string stop() { return python::call("reformat", "stop"); }

  const std::string number;
};

bool run(const std::string& folders, unsigned words, unsigned long seed) {
  std::cout << "seed " << seed << std::endl;
  document edited(paths);
  const oarlock::manager locks = oarlock::manager::named(document::locks_name);
  offer_editor_module(edited);
  const python::interpreter interpreter(PYTHON_HOME, folders);
  formatters plugin;
  {
    // Without this no thread of Python's would run while the host's are waited for.
    const python::released others_run;
    std::vector<std::future<void>> threads;
    for (unsigned i = 0; i < typists; ++i) {
      threads.push_back(std::async(std::launch::async, [&, i] {
        type(edited, locks, std::mt19937_64(seed + i), "typist" + std::to_string(i), words);
      }));
    }
    for (std::future<void>& thread : threads) thread.get();
  }
  const std::string passes = plugin.stop();
  const bool all = complete(edited, words);
  const oarlock::statistics stats = locks.stats();
  std::cout << typists << " typists of the host typed " << typists * words << " words, "
            << plugin.number << " of the plugin made " << passes << " passes\n"
            << stats.waits << " times somebody waited for a lock; "
            << (all ? "every word is there" : "WORDS WERE LOST") << '\n';
  return all && passes != "0" && stats.held == 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> given(argv + 1, argv + argc);
    if (given.empty()) {
      std::cerr << "usage: editor PLUGINS [WORDS [SEED]]\n";
      return 2;
    }
    const unsigned long words = given.size() > 1 ? std::stoul(given[1]) : 500;
    const unsigned long seed = given.size() > 2 ? std::stoul(given[2]) : std::random_device()();
    return run(given[0], static_cast<unsigned>(words), seed) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "editor: " << error.what() << '\n';
    return 2;
  }
}
