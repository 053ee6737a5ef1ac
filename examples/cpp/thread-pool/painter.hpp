// What is done to a pyramid, as tasks of a lock_pool.
//
// A tile's key makes its path, and its own image lies below it, beside its
// children: the whole picture is the tree picture/..., and
//
//   painting area 30    writes picture/3/0, which is the tile and all below it
//   shrinking tile 3    writes picture/3/image, and reads picture/3/0/image to
//                       picture/3/3/image: it leaves alone what lies below those
//   exporting area 3    reads picture/3
#ifndef PAINTER_HPP
#define PAINTER_HPP

#include <atomic>
#include <cstdint>
#include <future>
#include <string>
#include <vector>

#include "lock_pool.hpp"
#include "pyramid.hpp"
#include "witness.hpp"

class painter {
 public:
  painter(pyramid& picture, lock_pool& pool) : picture_(picture), pool_(pool) {}

  // Paints an area, then shrinks all that show it, up to the whole picture.
  void paint(const quadkey& area, std::uint8_t colour) {
    submit("paint " + area, {{true, path(area)}}, [this, area, colour] {
      picture_.paint(area, colour);
      if (!area.empty()) shrink(parent(area));
      ++strokes;
    });
  }

  // Looks at an area, as somebody would who writes it to a file.
  std::future<bool> exported(const quadkey& area) {
    return submit("export " + area, {{false, path(area)}},
                  [this, area] { return picture_.whole(area); });
  }

  std::atomic<std::uint64_t> strokes{0}, shrinks{0};
  // Looks at every task, independently of the locks.
  witness seen;

 private:
  void shrink(const quadkey& key) {
    std::vector<access_to> wanted{{true, path(key) + "/image"}};
    for (const char quadrant : pyramid::quadrants) {
      wanted.push_back({false, path(key + quadrant) + "/image"});
    }
    submit("shrink " + key, wanted, [this, key] {
      picture_.shrink(key);
      if (!key.empty()) shrink(parent(key));
      ++shrinks;
    });
  }

  template <class Work>
  std::future<std::invoke_result_t<Work&>> submit(const std::string& label,
                                                  const std::vector<access_to>& wanted, Work work) {
    std::vector<oarlock::claim> claims;
    for (const access_to& one : wanted) {
      claims.push_back(one.writes ? oarlock::write(one.path) : oarlock::read(one.path));
    }
    return pool_.submit(label, claims, [this, wanted, work](const oarlock::guard&) {
      const witness::presence here(seen, wanted);
      return work();
    });
  }

  static quadkey parent(const quadkey& key) { return key.substr(0, key.size() - 1); }

  static std::string path(const quadkey& key) {
    std::string path = "picture";
    for (const char quadrant : key) path += {'/', quadrant};
    return path;
  }

  pyramid& picture_;
  lock_pool& pool_;
};

#endif
