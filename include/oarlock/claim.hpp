/* claim.hpp: what a request asks for. A part of oarlock.hpp. */
#ifndef OARLOCK_CLAIM_HPP
#define OARLOCK_CLAIM_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "path.hpp"

namespace oarlock {

/** How a claim asks for its path. */
enum class mode : std::int32_t {
  read = OARLOCK_READ,   ///< shared
  write = OARLOCK_WRITE  ///< exclusive
};

/** A path and a mode; covers the path and everything below it (below an entry lies nothing).
 *  Owns its bytes. */
class claim {
 public:
  /** On a path: text, a list of segments in braces, or a container of them. */
  claim(oarlock::mode mode, const oarlock::path& path) : mode_(mode), path_(path) {}
  /** The same, taking the path over. */
  claim(oarlock::mode mode, oarlock::path&& path) noexcept : mode_(mode), path_(std::move(path)) {}

  /** On a path given as a range of segments. */
  template <class Iterator, std::enable_if_t<detail::is_iterator<Iterator>::value, int> = 0>
  claim(oarlock::mode mode, Iterator first, Iterator last)
      : claim(mode, oarlock::path(first, last)) {}

  /** Makes a read a semaphore's: it is granted while fewer than so many limited
   *  reads stand on exactly this path ahead of it. The call that uses the claim
   *  refuses a limit of 0, and any limit of a write. */
  claim& limit(std::uint32_t most) & noexcept {
    limit_ = most;
    return *this;
  }
  /** The same: read("pool").limit(3). */
  claim limit(std::uint32_t most) && noexcept {
    limit_ = most;
    return std::move(*this);
  }

  /** How it asks. */
  oarlock::mode mode() const noexcept { return mode_; }
  /** For what. */
  const oarlock::path& path() const noexcept { return path_; }
  /** Its limit, if it has one. */
  std::optional<std::uint32_t> limit() const noexcept { return limit_; }

 private:
  oarlock::mode mode_;
  oarlock::path path_;
  std::optional<std::uint32_t> limit_;
};

/** A shared claim: read("a/b"), read({"a", "b"}), read(a_container). (Not read({"a/b"}): see
 *  path.) */
inline claim read(path path) { return claim(mode::read, std::move(path)); }

/** An exclusive claim: write("a/b"), write({"a", "b"}), write(a_container). (Not
 *  write({"a/b"}): see path.) */
inline claim write(path path) { return claim(mode::write, std::move(path)); }

/** A shared claim on a path's own entry alone, not on what is below it: a directory's names,
 *  while its files are written. */
inline claim read_entry(path path) { return claim(mode::read, std::move(path).entry()); }

/** An exclusive claim on a path's own entry alone, not on what is below it. */
inline claim write_entry(path path) { return claim(mode::write, std::move(path).entry()); }

/** A shared claim that means to be upgraded: exactly read(path).limit(1). It excludes others
 *  of its kind, of other owners, on exactly this path, and lets plain reads in until its
 *  upgrade, or a writer, waits. The upgrade waits for all reads of others at, above and below
 *  the path; it is not refused because of others of its kind that wait for their turn, as long
 *  as those hold nothing else. So claim it first, never on top of a plain read of the same
 *  owner. A plain read that is upgraded, or one above or below this path, can still be in a
 *  deadlock with it. Once downgraded it is a plain read. */
inline claim upgradable(path path) { return claim(mode::read, std::move(path)).limit(1); }

/** The claims of one request, as a parameter: one claim, a list in braces, or a
 *  container. It points into the claims that it is made from: not to be kept. */
class claims {
 public:
  /** None, which is refused. */
  claims() = default;
  /** One. */
  claims(const claim& one) { take(&one, 1); }
  /** A list in braces. */
  claims(std::initializer_list<claim> list) { take(list.begin(), list.size()); }
  /** A vector, an array, a span: what std::data and std::size take. */
  template <class List, std::enable_if_t<std::is_convertible_v<
                            decltype(std::data(std::declval<const List&>())), const claim*>,
                                         int> = 0>
  claims(const List& list) {
    take(std::data(list), std::size(list));
  }
  claims(const claims&) = delete;
  claims& operator=(const claims&) = delete;

  /** As C takes them. */
  const oarlock_claim* data() const noexcept { return more_.empty() ? few_.data() : more_.data(); }
  /** How many they are. */
  std::size_t size() const noexcept { return size_; }
  /** The first path among them that is refused before C sees it, or null. */
  const path* doubtful() const noexcept { return doubtful_; }

 private:
  void take(const claim* first, std::size_t count) {
    size_ = count;
    if (count > few_.size()) more_.resize(count);
    oarlock_claim* const out = more_.empty() ? few_.data() : more_.data();
    std::size_t strings = 0;
    for (std::size_t i = 0; i < count; ++i) {
      strings += detail::path_access::strings(first[i].path());
      if (doubtful_ == nullptr && detail::path_access::doubtful(first[i].path())) {
        doubtful_ = &first[i].path();
      }
    }
    // In full before the first pointer into it is taken.
    if (strings > few_strings_.size()) more_strings_.resize(strings);
    oarlock_str* next = more_strings_.empty() ? few_strings_.data() : more_strings_.data();
    for (std::size_t i = 0; i < count; ++i) {
      out[i] = c_claim(first[i], next);
      next += detail::path_access::strings(first[i].path());
    }
  }

  static oarlock_claim c_claim(const claim& from, oarlock_str* strings) noexcept {
    const std::optional<std::uint32_t> limit = from.limit();
    auto mode = static_cast<std::int32_t>(from.mode());
    // A limit of 0 is refused as such, not taken for none.
    if (limit && (from.mode() == oarlock::mode::read || *limit == 0)) mode = OARLOCK_READ_LIMITED;
    return {mode, limit.value_or(0), detail::path_access::c_path(from.path(), strings)};
  }

  std::size_t size_ = 0;
  const path* doubtful_ = nullptr;
  std::array<oarlock_claim, 4> few_;  // used while more_ is empty
  std::vector<oarlock_claim> more_;
  std::array<oarlock_str, 8> few_strings_;  // used while more_strings_ is empty
  std::vector<oarlock_str> more_strings_;
};

}  // namespace oarlock

#endif  // OARLOCK_CLAIM_HPP
