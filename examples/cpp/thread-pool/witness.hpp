// Sees who runs beside whom, so that a test need not believe the locks.
#ifndef WITNESS_HPP
#define WITNESS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

// What a task declares, in a form that is easy to compare.
struct access_to {
  bool writes;
  std::string path;
};

class witness {
 public:
  // One that is at work for as long as this lives.
  class presence {
   public:
    presence(witness& by, const std::vector<access_to>& what) : by_(by) {
      const std::lock_guard<std::mutex> hold(by_.mutex_);
      for (const std::vector<access_to>& other : by_.present_) {
        (conflict(what, other) ? by_.conflicts_ : by_.meetings_) += 1;
      }
      at_ = by_.present_.insert(by_.present_.end(), what);
    }
    ~presence() {
      const std::lock_guard<std::mutex> hold(by_.mutex_);
      by_.present_.erase(at_);
    }
    presence(const presence&) = delete;
    presence& operator=(const presence&) = delete;

   private:
    witness& by_;
    std::list<std::vector<access_to>>::iterator at_;
  };

  // How often one began while one was at work that it conflicts with: must be 0.
  std::uint64_t conflicts() const { return look(conflicts_); }
  // How often one began beside one that it does not conflict with.
  std::uint64_t meetings() const { return look(meetings_); }

 private:
  static bool below(std::string_view path, std::string_view folder) {
    return path.substr(0, folder.size()) == folder &&
           (path.size() == folder.size() || path[folder.size()] == '/');
  }
  static bool conflict(const std::vector<access_to>& some, const std::vector<access_to>& others) {
    return std::any_of(some.begin(), some.end(), [&](const access_to& one) {
      return std::any_of(others.begin(), others.end(), [&](const access_to& other) {
        return (one.writes || other.writes) &&
               (below(one.path, other.path) || below(other.path, one.path));
      });
    });
  }
  std::uint64_t look(const std::uint64_t& count) const {
    const std::lock_guard<std::mutex> hold(mutex_);
    return count;
  }

  mutable std::mutex mutex_;  // guards all below
  std::list<std::vector<access_to>> present_;
  std::uint64_t conflicts_ = 0, meetings_ = 0;
};

#endif
