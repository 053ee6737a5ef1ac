// Many threads stamp the files of a real directory tree, through one manager.
//
//   demo-cpp --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]
//
// LIST holds the relative paths of the files, each ended by a NUL byte, as
// `find . -type f -printf '%P\0'` writes them. Only their names are used: the
// stamps are in memory, and no file is opened.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "oarlock.hpp"

namespace {

// A folder with more files than this below it is not used as a whole, so that
// one operation stays short however large the tree is.
constexpr std::size_t largest_folder = 200;

using stamp = std::atomic<std::uint64_t>;
constexpr auto relaxed = std::memory_order_relaxed;

// A path, and the files at or below it: from `start` up to `end`.
struct place {
  std::string_view path;
  std::size_t start, end;
};

// Random numbers, one source for each worker.
class dice {
 public:
  explicit dice(unsigned seed) : engine_(seed) {}
  // A number from `least` to `most`.
  std::size_t roll(std::size_t least, std::size_t most) {
    return std::uniform_int_distribution<std::size_t>(least, most)(engine_);
  }

 private:
  std::mt19937_64 engine_;
};

// The files, sorted, so that what lies below a folder is one range of them.
// Beside each stand two stamps, which are equal whenever nobody is writing it.
// That is what the locks protect; the atomics are relaxed and order nothing,
// they only make the run without locks a well-defined program.
class tree {
 public:
  explicit tree(const std::string& list)
      : files_(load(list)), first(files_.size()), second(files_.size()) {}

  // A random file, or the folder `up` levels above it. Stops below a folder
  // that is too large.
  place pick(dice& random, std::size_t up) const {
    const std::size_t at = random.roll(0, files_.size() - 1);
    place chosen{files_[at], at, at + 1};
    for (; up > 0; --up) {
      const std::size_t slash = chosen.path.rfind('/');
      if (slash == chosen.path.npos) break;
      const auto folder = chosen.path.substr(0, slash + 1);
      const auto begin = std::lower_bound(files_.begin(), files_.end(), folder);
      const auto end = std::partition_point(begin, files_.end(), [&](std::string_view file) {
        return file.substr(0, folder.size()) == folder;
      });
      if (end - begin > static_cast<std::ptrdiff_t>(largest_folder)) break;
      chosen = {folder.substr(0, slash), static_cast<std::size_t>(begin - files_.begin()),
                static_cast<std::size_t>(end - files_.begin())};
    }
    return chosen;
  }

 private:
  static std::vector<std::string> load(const std::string& list) {
    std::ifstream input(list, std::ios::binary);
    if (!input) throw std::runtime_error(list + " cannot be opened");
    std::vector<std::string> files;
    for (std::string file; std::getline(input, file, '\0');) files.push_back(file);
    if (files.empty()) throw std::runtime_error("the list holds no files");
    std::sort(files.begin(), files.end());
    return files;
  }

  std::vector<std::string> files_;

 public:
  std::vector<stamp> first, second;
};

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

struct options {
  std::string files;
  double seconds = 2;
  double workers = 8;
  bool locks = true, progress = false;

  explicit options(const std::vector<std::string>& arguments) {
    for (auto flag = arguments.begin(); flag != arguments.end(); ++flag) {
      const auto value = [&]() -> const std::string& {
        const std::string& name = *flag;
        if (++flag == arguments.end()) throw std::runtime_error(name + " needs a value");
        return *flag;
      };
      const auto number = [&](double least, double most) {
        char* end = nullptr;
        const double read = std::strtod(value().c_str(), &end);
        if (flag->empty() || *end != '\0' || !(read >= least && read <= most))
          throw std::runtime_error(*flag + " is not a number in range");
        return read;
      };
      if (*flag == "--files") files = value();
      else if (*flag == "--seconds") seconds = number(0, 3600);
      else if (*flag == "--workers") workers = number(1, 256);
      else if (*flag == "--no-locks") locks = false;
      else if (*flag == "--progress") progress = true;
      else throw std::runtime_error("unknown argument " + *flag);
    }
    if (files.empty())
      throw std::runtime_error("usage: --files LIST [--seconds S] [--workers N] [--no-locks] [--progress]");
  }
};

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
