/* path.hpp: names of resources. A part of oarlock.hpp. */
#ifndef OARLOCK_PATH_HPP
#define OARLOCK_PATH_HPP

#include <cstddef>
#include <initializer_list>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "failure.hpp"

namespace oarlock {

namespace detail {

template <class T>
constexpr bool is_text = std::is_convertible_v<const T&, std::string_view>;

template <class T, class = void>
struct is_list : std::false_type {};
template <class T>
struct is_list<T, std::void_t<decltype(std::begin(std::declval<const T&>())),
                              decltype(std::end(std::declval<const T&>()))>>
    : std::bool_constant<!is_text<T>> {};

struct path_access;

}  // namespace detail

/** The path of a resource: text, or a list of segments. Owns its bytes. */
class path {
 public:
  /** The root. */
  path() = default;

  /** Given as text, split at '/'; "" is the root. Text with an empty segment
   *  ("a//b") is refused by the call that uses the path. */
  template <class Text, std::enable_if_t<detail::is_text<Text>, int> = 0>
  path(const Text& text) : bytes_(std::string_view(text)) {}

  /** Given as segments, taken as they are: a segment may hold '/', NUL or nothing.
   *  No segments at all are the root. */
  path(std::initializer_list<std::string_view> segments)
      : path(segments.begin(), segments.end()) {}

  /** Given as a container of segments, each convertible to string_view. */
  template <class List, std::enable_if_t<detail::is_list<List>::value, int> = 0>
  path(const List& segments) : path(std::begin(segments), std::end(segments)) {}

  /** Given as a range of segments, each convertible to string_view. */
  template <class Iterator>
  path(Iterator first, Iterator last) : listed_(true) {
    for (; first != last; ++first) {
      const std::string_view segment(*first);
      bytes_.append(segment);
      ends_.push_back(bytes_.size());
    }
  }

  /** Its segments, which live as long as it. */
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

  /** Its segments joined by '/', for people: a segment may hold one itself. */
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
    return left.segments() == right.segments();
  }
  /** Whether they name different ones. */
  friend bool operator!=(const path& left, const path& right) { return !(left == right); }

 private:
  friend struct detail::path_access;
  bool listed_ = false;
  std::string bytes_;              // the text, or all segments one after the other
  std::vector<std::size_t> ends_;  // where each segment ends, if it is a list
};

namespace detail {

/** What C is told of a path. */
struct path_access {
  /** How many C strings a path needs. */
  static std::size_t strings(const path& of) noexcept { return of.ends_.size(); }

  /** As C takes it: borrows the path and `strings` for its segments. */
  static oarlock_path c_path(const path& from, oarlock_str* strings) noexcept {
    if (!from.listed_) return {view(std::string_view(from.bytes_)), nullptr, 0};
    std::size_t begin = 0, count = 0;
    for (const std::size_t end : from.ends_) {
      strings[count++] = {from.bytes_.data() + begin, end - begin};
      begin = end;
    }
    // No segments are the root, which the empty text is, too.
    return {{nullptr, 0}, count == 0 ? nullptr : strings, count};
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
  if (from.segments == nullptr) return path(view(from.text));
  std::vector<std::string_view> segments;
  for (std::size_t i = 0; i < from.segment_count; ++i) segments.push_back(view(from.segments[i]));
  return path(segments);
}

}  // namespace detail

}  // namespace oarlock

#endif  // OARLOCK_PATH_HPP
