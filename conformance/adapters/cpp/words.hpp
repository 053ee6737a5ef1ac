// The words of the line protocol: see conformance/README.md.
#ifndef WORDS_HPP
#define WORDS_HPP

#include <cctype>
#include <cstdint>
#include <oarlock.hpp>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/** A line that is no step. */
class nonsense : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** "6162" is "ab". */
inline std::string from_hex(std::string_view hex) {
  const std::string_view digits = "0123456789abcdef";
  if (hex.size() % 2 != 0) throw nonsense("half a byte");
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const auto high = digits.find(hex[i]), low = digits.find(hex[i + 1]);
    if (high == digits.npos || low == digits.npos) throw nonsense("no hexadecimal digit");
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

/** A text as one word: ".2f" is "/", and "." is the empty text. */
inline std::string escape(std::string_view text) {
  if (text.empty()) return ".";
  const std::string_view digits = "0123456789abcdef";
  std::string word;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '-' || c == '_' || (byte < 128 && std::isalnum(byte))) {
      word += c;
    } else {
      word += {'.', digits[byte / 16], digits[byte % 16]};
    }
  }
  return word;
}

inline std::string unescape(std::string_view word) {
  if (word == ".") return {};
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '.') {
      text += word[i];
    } else {
      text += from_hex(word.substr(i + 1, 2));
      i += 2;
    }
  }
  return text;
}

/** "s61/s62" is two segments; "-" is the root; "s61/e" is the entry of "s61". */
inline oarlock::path parse_path(std::string_view word) {
  std::vector<std::string> segments;
  while (word != "-") {
    const auto end = word.find('/');
    const std::string_view segment = word.substr(0, end);
    if (word == "e") return oarlock::path(segments).entry();
    if (segment.empty() || segment[0] != 's') throw nonsense("no segment");
    segments.push_back(from_hex(segment.substr(1)));
    if (end == word.npos) break;
    word.remove_prefix(end + 1);
  }
  return segments;
}

/** "w:s61" is a write; "r3:s61" a read of at most three. An unknown letter is a mode, too,
 *  for the library to refuse. */
inline oarlock::claim parse_claim(std::string_view word) {
  const auto colon = word.find(':');
  if (colon == word.npos || colon == 0) throw nonsense("no claim");
  const auto mode = word[0] == 'r'   ? oarlock::mode::read
                    : word[0] == 'w' ? oarlock::mode::write
                                     : static_cast<oarlock::mode>(word[0]);
  oarlock::claim claim(mode, parse_path(word.substr(colon + 1)));
  if (colon > 1) {
    claim.limit(static_cast<std::uint32_t>(std::stoul(std::string(word.substr(1, colon - 1)))));
  }
  return claim;
}

/** What a line asks for. */
struct asked {
  std::vector<oarlock::claim> claims;
  std::optional<std::string> owner;
  std::string label;

  explicit asked(std::istringstream& words) {
    for (std::string word; words >> word;) {
      const std::string_view view = word;
      if (view.substr(0, 6) == "owner=") owner = unescape(view.substr(6));
      else if (view.substr(0, 6) == "label=") label = unescape(view.substr(6));
      else claims.push_back(parse_claim(view));
    }
  }
};

#endif  // WORDS_HPP
