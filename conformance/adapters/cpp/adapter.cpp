// Replays conformance steps through the C++ header: reads one step a line from
// standard input and answers each with one line, until the input ends.
#include <iostream>
#include <map>
#include <oarlock.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

/** A line that is no step. */
class nonsense : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/** "6162" is "ab". */
std::string from_hex(std::string_view hex) {
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

/** "w:s61/s62" is a write of two segments; "-" is the root. An unknown letter is
 *  a mode, too, for the library to refuse. */
oarlock::claim parse(std::string_view word) {
  if (word.size() < 3 || word[1] != ':') throw nonsense("no claim");
  const auto mode = word[0] == 'r'   ? oarlock::mode::read
                    : word[0] == 'w' ? oarlock::mode::write
                                     : static_cast<oarlock::mode>(word[0]);
  std::vector<std::string> segments;
  std::string_view path = word.substr(2);
  while (path != "-") {
    const auto end = path.find('/');
    const std::string_view segment = path.substr(0, end);
    if (segment.empty() || segment[0] != 's') throw nonsense("no segment");
    segments.push_back(from_hex(segment.substr(1)));
    if (end == path.npos) break;
    path.remove_prefix(end + 1);
  }
  return {mode, segments.begin(), segments.end()};
}

class adapter {
 public:
  /** The answer to one step. */
  std::string step(const std::string& line) try {
    std::istringstream words(line);
    std::string verb, name;
    words >> verb;
    if (verb == "new") {
      locks_.clear();
      manager_ = oarlock::manager();
      return "ok";
    }
    if (!(words >> name)) throw nonsense("no name");
    if (verb == "lock") return lock(name, words);
    if (verb == "unlock") return unlock(name);
    if (verb == "state") return state(name);
    throw nonsense("no verb");
  } catch (const oarlock::error& error) {
    return std::string("error ") + error.name();
  } catch (const nonsense&) {
    return "error protocol";
  }

 private:
  std::string lock(const std::string& name, std::istringstream& words) {
    std::vector<oarlock::claim> claims;
    for (std::string word; words >> word;) claims.push_back(parse(word));
    locks_[name] = manager_.enqueue(claims);
    return state(name);
  }

  std::string unlock(const std::string& name) {
    oarlock::pending& request = locks_[name];  // empty if there is none of this name
    if (!request.cancel()) request.wait().release();
    return "ok";
  }

  std::string state(const std::string& name) {
    return locks_[name].granted() ? "acquired" : "waiting";
  }

  oarlock::manager manager_;
  std::map<std::string, oarlock::pending> locks_;
};

}  // namespace

int main() {
  adapter adapter;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << adapter.step(line) << std::endl;
  }
}
