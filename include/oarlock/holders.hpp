/* holders.hpp: the shared holders of a mutex. A part of oarlock.hpp. */
#ifndef OARLOCK_HOLDERS_HPP
#define OARLOCK_HOLDERS_HPP

#include <atomic>
#include <cstddef>
#include <new>

#include "failure.hpp"
#include "handle.hpp"

namespace oarlock {
namespace detail {

/** The numbers of requests that are all alike: any one of them may be taken out. It has no
 *  lock, so a forked child cannot find it locked, and takes memory only when more hold at
 *  once than ever before. */
class holders {
 public:
  constexpr holders() noexcept = default;
  holders(const holders&) = delete;
  holders& operator=(const holders&) = delete;
  ~holders() {
    for (block* more = first_.next.load(std::memory_order_acquire); more != nullptr;) {
      block* const next = more->next.load(std::memory_order_acquire);
      delete more;
      more = next;
    }
  }

  /** Puts one in. False if there is no memory for it. */
  bool put(lock_id id) noexcept {
    const std::size_t start = place_of_thread(room);
    for (block* at = &first_; at != nullptr; at = after(*at)) {
      for (std::size_t i = 0; i < room; ++i) {
        std::atomic<lock_id>& slot = at->ids[(start + i) % room];
        lock_id empty = 0;
        if (slot.load(std::memory_order_relaxed) == 0 &&
            slot.compare_exchange_strong(empty, id, std::memory_order_relaxed)) {
          // Counted only now, so that there are never fewer than counted.
          count_.fetch_add(1, std::memory_order_release);
          return true;
        }
      }
    }
    return false;
  }

  /** Takes any one out. 0 if there are none. */
  lock_id take() noexcept {
    std::size_t count = count_.load(std::memory_order_relaxed);
    do {
      if (count == 0) return 0;
    } while (!count_.compare_exchange_weak(count, count - 1, std::memory_order_acquire,
                                           std::memory_order_relaxed));
    // One is this caller's now. Others move theirs about, so one look may miss it.
    const std::size_t start = place_of_thread(room);
    for (;;) {
      for (block* at = &first_; at != nullptr;
           at = at->next.load(std::memory_order_acquire)) {
        for (std::size_t i = 0; i < room; ++i) {
          std::atomic<lock_id>& slot = at->ids[(start + i) % room];
          lock_id id = slot.load(std::memory_order_relaxed);
          if (id != 0 && slot.compare_exchange_strong(id, 0, std::memory_order_relaxed)) return id;
        }
      }
    }
  }

 private:
  static constexpr std::size_t room = 8;

  struct block {
    std::atomic<lock_id> ids[room] = {{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}};  // 0 is none
    std::atomic<block*> next{nullptr};  // set once
  };

  /** The block after this one, made if there is none; null without memory. */
  static block* after(block& last) noexcept {
    block* next = last.next.load(std::memory_order_acquire);
    if (next != nullptr) return next;
    block* const made = new (std::nothrow) block;
    if (made == nullptr) return nullptr;
    if (last.next.compare_exchange_strong(next, made, std::memory_order_acq_rel,
                                          std::memory_order_acquire)) {
      return made;
    }
    delete made;
    return next;
  }

  std::atomic<std::size_t> count_{0};  // how many may be taken
  block first_;
};

}  // namespace detail
}  // namespace oarlock

#endif  // OARLOCK_HOLDERS_HPP
