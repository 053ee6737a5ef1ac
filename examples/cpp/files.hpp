// What the program works on: the files, their stamps, and the command line.
#ifndef FILES_HPP
#define FILES_HPP

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// A folder with more files than this below it is not used as a whole, so that
// one operation stays short however large the tree is.
inline constexpr std::size_t largest_folder = 200;

using stamp = std::atomic<std::uint64_t>;
inline constexpr auto relaxed = std::memory_order_relaxed;

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

// The command line.
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

#endif
