// Many threads stamp the files of a real directory tree, through one manager.
//
//   demo-cpp --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]
//
// LIST holds the relative paths of the files, each ended by a NUL byte, as
// `find . -type f -printf '%P\0'` writes them. Only their names are used: the
// stamps are in memory, and no file is opened.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "files.hpp"
#include "oarlock.hpp"

namespace {

// What the workers counted, and the word that ends them.
struct totals {
  std::atomic<std::uint64_t> reads{0}, writes{0}, torn{0};
  std::atomic<bool> stop{false};
};

// One worker: writes and reads by turns of a coin until it is told to stop.
void work(tree& files, const std::optional<oarlock::manager>& locks, totals& sum, dice random) {
  while (!sum.stop.load(relaxed)) {
    oarlock::guard guard;  // empty; releases what it holds when it goes
    if (random.roll(0, 1) == 0) {
      // Write claims on one to three places, granted together or not at all:
      // no order to keep to, and no deadlock.
      std::vector<place> places;
      std::vector<oarlock::claim> claims;
      for (std::size_t count = random.roll(1, 3); count > 0; --count) {
        places.push_back(files.pick(random, random.roll(0, 3)));
        claims.push_back(oarlock::write(places.back().path));
      }
      if (locks) guard = locks->acquire(claims);

      const auto stamp_all = [&](std::vector<stamp>& stamps, std::uint64_t value) {
        for (const place& at : places)
          for (std::size_t file = at.start; file < at.end; ++file) stamps[file].store(value, relaxed);
      };
      const std::uint64_t value = random.roll(1, SIZE_MAX);
      stamp_all(files.first, value);
      std::this_thread::yield();  // the pause in which somebody could look
      stamp_all(files.second, value);
      sum.writes.fetch_add(1, relaxed);
    } else {
      // A read claim on one folder covers all that lies below it.
      const place at = files.pick(random, random.roll(1, 3));
      if (locks) guard = locks->acquire(oarlock::read(at.path));

      bool half = false;
      for (std::size_t file = at.start; file < at.end && !half; ++file)
        half = files.first[file].load(relaxed) != files.second[file].load(relaxed);
      if (half) sum.torn.fetch_add(1, relaxed);
      sum.reads.fetch_add(1, relaxed);
    }
  }
}

// One line of JSON; the last one counts.
void report(const totals& sum, std::chrono::duration<double> time) {
  const unsigned long long reads = sum.reads, writes = sum.writes, torn = sum.torn;
  std::printf(
      "{\"operations\": %llu, \"seconds\": %.3f, \"torn\": %llu, \"reads\": %llu, \"writes\": %llu}\n",
      reads + writes, time.count(), torn, reads, writes);
  std::fflush(stdout);
}

void run(const options& wanted) {
  tree files(wanted.files);
  std::optional<oarlock::manager> locks;
  if (wanted.locks) locks.emplace();
  totals sum;

  using clock = std::chrono::steady_clock;
  const auto start = clock::now();
  std::vector<std::thread> workers;
  for (unsigned seed = 0; seed < static_cast<unsigned>(wanted.workers); ++seed)
    workers.emplace_back([&, seed] { work(files, locks, sum, dice(seed)); });
  while (clock::now() - start < std::chrono::duration<double>(wanted.seconds)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (wanted.progress) report(sum, clock::now() - start);
  }
  sum.stop = true;
  for (std::thread& worker : workers) worker.join();
  report(sum, clock::now() - start);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(options(std::vector<std::string>(argv + 1, argv + argc)));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "demo-cpp: " << error.what() << '\n';
    return 1;
  }
}
