/* path.hpp: names of resources. A part of oarlock.hpp. */
#ifndef OARLOCK_PATH_HPP
#define OARLOCK_PATH_HPP

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "failure.hpp"

#if OARLOCK_THREE_WAY
#include <compare>
#endif

namespace oarlock {

namespace detail {

/** Whether it is text. (A null pointer converts to a string_view, too.) */
template <class T>
constexpr bool is_text =
    std::is_convertible_v<const T&, std::string_view> && !std::is_null_pointer_v<T>;

/** Whether it points to segments. */
template <class Iterator, class = void>
struct is_iterator : std::false_type {};
template <class Iterator>
struct is_iterator<Iterator, std::void_t<decltype(*std::declval<Iterator&>())>>
    : std::is_convertible<decltype(*std::declval<Iterator&>()), std::string_view> {};

/** Whether it is a container of segments. */
template <class T, class = void>
struct is_list : std::false_type {};
template <class T>
struct is_list<T, std::void_t<decltype(std::begin(std::declval<const T&>())),
                              decltype(std::end(std::declval<const T&>()))>>
    : std::bool_constant<!is_text<T> &&
                         is_iterator<decltype(std::begin(std::declval<const T&>()))>::value> {};

/** Whether it is a std::filesystem::path, or alike. */
template <class T, class = void>
struct is_file : std::false_type {};
template <class T>
struct is_file<T, std::void_t<decltype(std::declval<const T&>().generic_string()),
                              decltype(std::declval<const T&>().relative_path())>>
    : std::bool_constant<!is_text<T>> {};

struct path_access;

}  // namespace detail

/** The path of a resource: text, or a list of segments. Owns its bytes. May be a key of a map,
 *  ordered or not: paths are compared by their segments, however they were given.
 *
 *  Every path, the root too, has an entry: what is said of the path itself and not of what
 *  lies below it. path("a").entry() is the path of that.
 *
 *  Braces are for lists of segments: path("a/b") and path({"a", "b"}) are the same resource,
 *  but path{"a/b"} is a list of one segment. Nearly always that is a mistake, so a list in
 *  braces of a single segment that holds a '/' is refused with OARLOCK_ERR_INVALID_ARGUMENT
 *  by the call that uses the path. Where it is meant, it is path::of_segments({"a/b"}).
 *
 *  A file's path is given by its text without the root, which is a '/' at the beginning:
 *  path(file.relative_path().generic_string()), or by its components as a container. */
class path {
 public:
  /** The root. */
  path() = default;

  /** Given as text, split at '/'; "" is the root. Text with an empty segment
   *  ("a//b") is refused by the call that uses the path. */
  template <class Text, std::enable_if_t<detail::is_text<Text>, int> = 0>
  path(const Text& text) : bytes_(std::string_view(text)) {}

  /** Given as segments, taken as they are: a segment may hold '/', NUL or nothing.
   *  No segments at all are the root. A single segment that holds a '/' is refused by the
   *  call that uses the path. */
  path(std::initializer_list<std::string_view> segments)
      : path(segments.begin(), segments.end()) {
    doubtful_ = segments.size() == 1 && bytes_.find('/') != bytes_.npos;
  }

  /** The same, but a single segment may hold a '/', too. */
  static path of_segments(std::initializer_list<std::string_view> segments) {
    return path(segments.begin(), segments.end());
  }

  /** Given as a container of segments, each convertible to string_view, and taken as they
   *  are. */
  template <class List, std::enable_if_t<detail::is_list<List>::value, int> = 0>
  path(const List& segments) : path(std::begin(segments), std::end(segments)) {}

  /** Given as a range of segments, each convertible to string_view, and taken as they are. */
  template <class Iterator, std::enable_if_t<detail::is_iterator<Iterator>::value, int> = 0>
  path(Iterator first, Iterator last) : listed_(true) {
    for (; first != last; ++first) {
      const std::string_view segment(*first);
      bytes_.append(segment);
      ends_.push_back(bytes_.size());
    }
  }

  /** Not for a file's path: give its text, or a container of its components. */
  template <class File, std::enable_if_t<detail::is_file<File>::value, int> = 0>
  path(const File& give_its_text) = delete;

  /** Not for nothing: the root is path(). */
  template <class Null, std::enable_if_t<std::is_null_pointer_v<Null>, int> = 0>
  path(const Null& null_pointer) = delete;

  /** The path of this path's own entry: what is said of the path itself, as a directory's
   *  list of names, and not of what lies below it. It lies directly below its path, beside
   *  all its children, and no segment is equal to it: a claim on it conflicts with claims on
   *  it, on its path and above, and is covered by claims on its path and above. An entry is
   *  its own entry. */
  path entry() const& { return path(*this).entry(); }
  /** The same, of a path that nobody else needs: path("a").entry(). */
  path entry() && {
    entry_ = true;
    return std::move(*this);
  }

  /** Whether it is a path's own entry. */
  bool is_entry() const noexcept { return entry_; }

  /** Its segments, which live as long as it; an entry's are those of its path. */
  std::vector<std::string_view> segments() const {
    std::vector<std::string_view> all;
    const std::string_view bytes = bytes_;
    if (listed_) {
      std::size_t begin = 0;
      for (const std::size_t end : ends_) {
        all.push_back(bytes.substr(begin, end - begin));
        begin = end;
      }
    } else if (!bytes.empty()) {
      for (std::size_t begin = 0, end; begin != bytes.npos; begin = end) {
        end = bytes.find('/', begin);
        all.push_back(bytes.substr(begin, end == bytes.npos ? end : end - begin));
        if (end != bytes.npos) ++end;
      }
    }
    return all;
  }

  /** Its segments joined by '/', for people: a segment may hold one itself, and an entry
   *  looks like its path. */
  std::string text() const {
    std::string joined;
    const char* between = "";
    for (const std::string_view segment : segments()) {
      joined.append(between).append(segment);
      between = "/";
    }
    return joined;
  }

  /** Whether both name the same resource. */
  friend bool operator==(const path& left, const path& right) {
    return left.entry_ == right.entry_ && left.segments() == right.segments();
  }
  /** Whether they name different ones. */
  friend bool operator!=(const path& left, const path& right) { return !(left == right); }

#if OARLOCK_THREE_WAY
  /** By their segments, byte by byte: a path comes before what lies below it, of which its
   *  entry is the first. */
  friend std::strong_ordering operator<=>(const path& left, const path& right) {
    const std::strong_ordering by_segments = left.segments() <=> right.segments();
    return by_segments != 0 ? by_segments : left.entry_ <=> right.entry_;
  }
#else
  /** By their segments, byte by byte: a path comes before what lies below it, of which its
   *  entry is the first. */
  friend bool operator<(const path& left, const path& right) {
    const auto lefts = left.segments(), rights = right.segments();
    return lefts != rights ? lefts < rights : left.entry_ < right.entry_;
  }
  /** The same order. */
  friend bool operator>(const path& left, const path& right) { return right < left; }
  /** The same order. */
  friend bool operator<=(const path& left, const path& right) { return !(right < left); }
  /** The same order. */
  friend bool operator>=(const path& left, const path& right) { return !(left < right); }
#endif

 private:
  friend struct detail::path_access;
  bool listed_ = false;
  bool doubtful_ = false;          // one segment in braces, with a '/' in it
  bool entry_ = false;             // of the path that the rest gives
  std::string bytes_;              // the text, or all segments one after the other
  std::vector<std::size_t> ends_;  // where each segment ends, if it is a list
};

namespace detail {

/** What C is told of a path. */
struct path_access {
  /** Whether calls refuse it before C sees it. */
  static bool doubtful(const path& of) noexcept { return of.doubtful_; }

  /** Why. */
  static failure refusal(const path& of) {
    std::string quoted = "\"";
    for (const char byte : std::string_view(of.bytes_).substr(0, 64)) {
      quoted += byte < ' ' || byte == 127 ? '?' : byte;
    }
    quoted += of.bytes_.size() > 64 ? "...\"" : "\"";
    return failure(OARLOCK_ERR_INVALID_ARGUMENT,
                   "the list {" + quoted +
                       "} is one segment with a '/' in it: write it without the braces, as "
                       "oarlock::path(" +
                       quoted + "), or oarlock::path::of_segments({" + quoted +
                       "}) if the segment is meant");
  }

  /** Whether calls may hand it to C, and else why not. */
  static outcome check(const path& of) { return of.doubtful_ ? refusal(of) : outcome(OARLOCK_OK); }

  /** How many C strings a path needs. */
  static std::size_t strings(const path& of) noexcept { return of.ends_.size(); }

  /** As C takes it: borrows the path and `strings` for its segments. */
  static oarlock_path c_path(const path& from, oarlock_str* strings) noexcept {
    if (!from.listed_) return {view(std::string_view(from.bytes_)), nullptr, 0, from.entry_, 0};
    std::size_t begin = 0, count = 0;
    for (const std::size_t end : from.ends_) {
      strings[count++] = {from.bytes_.data() + begin, end - begin};
      begin = end;
    }
    // No segments are the root, which the empty text is, too.
    return {{nullptr, 0}, count == 0 ? nullptr : strings, count, from.entry_, 0};
  }
};

/** One path, for the time of a C call. */
class c_path {
 public:
  explicit c_path(const path& from)
      : strings_(path_access::strings(from)), path_(path_access::c_path(from, strings_.data())) {}
  c_path(const c_path&) = delete;
  c_path& operator=(const c_path&) = delete;

  oarlock_path get() const noexcept { return path_; }

 private:
  std::vector<oarlock_str> strings_;
  oarlock_path path_;
};

/** A copy of a path that C lends. */
inline path copied(const oarlock_path& from) {
  std::vector<std::string_view> segments;
  for (std::size_t i = 0; i < from.segment_count; ++i) segments.push_back(view(from.segments[i]));
  path copy = from.segments == nullptr ? path(view(from.text)) : path(segments);
  return from.entry == 0 ? copy : std::move(copy).entry();
}

}  // namespace detail

}  // namespace oarlock

/// @cond
/** Of what operator== compares. */
template <>
struct std::hash<oarlock::path> {
  /** The same for the same resource. */
  std::size_t operator()(const oarlock::path& of) const {
    std::size_t mixed = of.is_entry() ? 1 : 0;
    for (const std::string_view segment : of.segments()) {
      mixed = (mixed ^ std::hash<std::string_view>()(segment)) * 0x01000193u + 1;
    }
    return mixed;
  }
};
/// @endcond

#endif  // OARLOCK_PATH_HPP
