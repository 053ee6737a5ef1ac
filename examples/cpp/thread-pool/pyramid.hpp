// A picture in tiles, at several scales, as maps on the web are kept: a tile shows
// at half the scale what its four children show. Knows nothing of locks.
#ifndef PYRAMID_HPP
#define PYRAMID_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Where a tile is: the quadrants that lead to it from the whole picture, "" being
// that itself and "30" the first quadrant of the last one.
using quadkey = std::string;

struct tile {
  static constexpr std::size_t side = 16;
  std::array<std::uint8_t, side * side> pixels{};
};

class pyramid {
 public:
  // With so many levels below the whole picture.
  explicit pyramid(std::size_t depth) : depth_(depth) {
    std::size_t count = 1;
    for (std::size_t level = 0; level <= depth; ++level, count *= 4) levels_.emplace_back(count);
  }

  std::size_t depth() const { return depth_; }
  bool finest(std::string_view key) const { return key.size() == depth_; }

  // One colour for all of an area, at every scale from its own down.
  void paint(const quadkey& area, std::uint8_t colour) {
    at(area).pixels.fill(colour);
    if (!finest(area)) {
      for (const char quadrant : quadrants) paint(area + quadrant, colour);
    }
  }

  // Makes a tile anew from its four children.
  void shrink(const quadkey& key) { at(key) = shrunk(key); }

  // Whether each finest tile of an area has one colour, as all strokes leave it:
  // false if somebody is in the middle of one.
  bool whole(const quadkey& area) const {
    if (finest(area)) {
      const tile& one = at(area);
      for (const std::uint8_t pixel : one.pixels) {
        if (pixel != one.pixels[0]) return false;
      }
      return true;
    }
    for (const char quadrant : quadrants) {
      if (!whole(area + quadrant)) return false;
    }
    return true;
  }

  // Whether every tile of an area shows what its children show.
  bool consistent(const quadkey& area) const {
    if (finest(area)) return true;
    if (at(area).pixels != shrunk(area).pixels) return false;
    for (const char quadrant : quadrants) {
      if (!consistent(area + quadrant)) return false;
    }
    return true;
  }

  static constexpr std::string_view quadrants = "0123";

 private:
  tile shrunk(const quadkey& key) const {
    tile made;
    constexpr std::size_t half = tile::side / 2;
    for (std::size_t quadrant = 0; quadrant < 4; ++quadrant) {
      const tile& child = at(key + quadrants[quadrant]);
      const std::size_t left = quadrant % 2 * half, top = quadrant / 2 * half;
      for (std::size_t y = 0; y < half; ++y) {
        for (std::size_t x = 0; x < half; ++x) {
          const auto pixel = [&](std::size_t dx, std::size_t dy) {
            return unsigned{child.pixels[(2 * y + dy) * tile::side + 2 * x + dx]};
          };
          const unsigned sum = pixel(0, 0) + pixel(0, 1) + pixel(1, 0) + pixel(1, 1);
          made.pixels[(top + y) * tile::side + left + x] = static_cast<std::uint8_t>(sum / 4);
        }
      }
    }
    return made;
  }

  static std::size_t index(std::string_view key) {
    std::size_t index = 0;
    for (const char quadrant : key) index = 4 * index + static_cast<std::size_t>(quadrant - '0');
    return index;
  }
  tile& at(std::string_view key) { return levels_[key.size()][index(key)]; }
  const tile& at(std::string_view key) const { return levels_[key.size()][index(key)]; }

  std::size_t depth_;
  std::vector<std::vector<tile>> levels_;
};

#endif
