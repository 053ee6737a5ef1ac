// Paints a picture that is kept in tiles at several scales, with many tasks at once.
//
//   tiles [STROKES [WORKERS [SEED]]]
//
// Each stroke paints an area at random; then every tile that shows the area at a
// smaller scale is made anew. All that is a task of a lock_pool. At the end the
// picture must be the same at all scales.
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "painter.hpp"

namespace {

constexpr std::size_t depth = 5;  // 1024 tiles at the finest scale

quadkey some_area(std::mt19937_64& random) {
  quadkey key;
  for (std::size_t left = 1 + random() % depth; left > 0; --left) {
    key += pyramid::quadrants[random() % 4];
  }
  return key;
}

bool run(std::size_t strokes, unsigned workers, std::uint64_t seed) {
  std::cout << "seed " << seed << std::endl;
  std::mt19937_64 random(seed);
  pyramid picture(depth);
  const oarlock::manager locks;
  std::vector<std::future<bool>> exports;
  bool whole = true;
  std::uint64_t conflicts = 0;
  {
    lock_pool pool(locks, workers);
    painter artist(picture, pool);
    for (std::size_t i = 0; i < strokes; ++i) {
      artist.paint(some_area(random), static_cast<std::uint8_t>(random()));
      if (i % 4 == 0) exports.push_back(artist.exported(some_area(random)));
    }
    pool.wait_idle();
    for (std::future<bool>& one : exports) whole = one.get() && whole;
    conflicts = artist.seen.conflicts();
    std::cout << artist.strokes << " strokes, " << artist.shrinks << " tiles made anew, "
              << exports.size() << " exports, by " << workers << " workers\n"
              << conflicts << " conflicting tasks at once, " << artist.seen.meetings()
              << " others\n";
  }
  const oarlock::statistics stats = locks.stats();
  std::cout << stats.waits << " tasks had to wait for their locks\n";
  const bool consistent = picture.consistent("");
  if (!whole) std::cout << "an export saw a stroke half done\n";
  if (!consistent) std::cout << "the scales do not agree\n";
  return whole && consistent && conflicts == 0 && stats.held == 0 && stats.waiting == 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> given(argv + 1, argv + argc);
    const std::size_t strokes = given.size() > 0 ? std::stoul(given[0]) : 2000;
    const unsigned long workers = given.size() > 1 ? std::stoul(given[1]) : 4;
    const std::uint64_t seed = given.size() > 2 ? std::stoull(given[2]) : std::random_device()();
    return run(strokes, static_cast<unsigned>(workers), seed) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "tiles: " << error.what() << '\n';
    return 2;
  }
}
