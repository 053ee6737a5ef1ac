// Replays conformance steps through the C++ headers: reads one step a line from
// standard input and answers each with one line, until the input ends.
//
//   adapter-cpp [wait|callback|queue]    how requests are waited for
#include <iostream>
#include <memory>
#include <oarlock.hpp>
#include <sstream>
#include <string>

#include "requests.hpp"
#include "words.hpp"

namespace {

class adapter {
 public:
  explicit adapter(way chosen) : way_(chosen) { start({}); }

  /** The answer to one step. */
  std::string step(const std::string& line) try {
    std::istringstream words(line);
    std::string verb, name;
    words >> verb;
    if (verb == "would-grant") return requests_->would_grant(asked(words)) ? "acquired" : "refused";
    if (verb == "close") {
      requests_->close();
      return "ok";
    }
    words >> name;
    if (verb == "new") return start(name);
    if (name.empty()) throw nonsense("no name");
    if (verb == "lock" || verb == "try") return lock(name, asked(words), verb == "try");
    return ask(verb, name, words);
  } catch (const oarlock::closed_error&) {
    return "closed";
  } catch (const oarlock::too_many_waiting_error&) {
    return "too-many-waiting";
  } catch (const oarlock::error& error) {
    return std::string("error ") + error.name();
  } catch (const nonsense& error) {
    return std::string("error ") + error.what();
  }

 private:
  std::string start(const std::string& max_waiting) {
    // There is no option for none at all: then each request is a try.
    nobody_waits_ = max_waiting == "0";
    requests_.reset();
    requests_ = std::make_unique<requests>(way_, max_waiting.empty() ? 0 : std::stoul(max_waiting));
    return "ok";
  }

  std::string lock(const std::string& name, const asked& wanted, bool trying) try {
    if (requests_->arrive(name, wanted, trying || nobody_waits_)) return state(name);
    return trying ? "refused" : "too-many-waiting";
  } catch (const oarlock::deadlock_error& error) {
    return circle(name, error);
  }

  std::string upgrade(const std::string& name) try {
    requests_->upgrade(requests_->find(name));
    return requests_->find(name).standing == standing::upgrading ? "waiting" : "acquired";
  } catch (const oarlock::deadlock_error& error) {
    return circle(name, error);
  }

  /** A refused request has no name any more, but is the first in its circle. */
  std::string circle(const std::string& refused, const oarlock::error& error) const {
    std::string answer = "deadlock", unknown = refused;
    for (const oarlock::party& one : error.parties()) {
      answer += ' ' + requests_->name_of(one.id, unknown);
      unknown = "?";
    }
    return answer;
  }

  std::string state(const std::string& name) {
    switch (requests_->find(name).standing) {
      case standing::waiting:
        return "waiting";
      case standing::held:
        return "acquired";
      case standing::upgrading:
        return "upgrading";
      case standing::closed:
        return "closed";
      default:
        return "error ended";
    }
  }

  std::string ask(const std::string& verb, const std::string& name, std::istringstream& words) {
    request& one = requests_->find(name);
    const oarlock::manager& manager = requests_->manager();
    if (verb == "state") return state(name);
    if (verb == "upgrade") return upgrade(name);
    if (verb == "token") return "token " + std::to_string(one.guard.token());
    if (verb == "label") return "label " + escape(manager.inspect_lock(one.id).label);
    if (verb == "blockers") {
      std::string answer = "blockers";
      for (const oarlock::lock_id id : manager.blockers(one.id)) {
        answer += ' ' + requests_->name_of(id, "?");
      }
      return answer;
    }
    if (verb == "unlock") {
      requests_->unlock(one);
    } else if (verb == "cancel-upgrade") {
      if (!requests_->cancel_upgrade(one)) return "error no upgrade waits";
    } else if (verb == "downgrade") {
      requests_->downgrade(one);
    } else if (verb == "release-part") {
      std::string path;
      words >> path;
      if (!requests_->release_part(one, parse_path(path))) return "released";
    } else {
      throw nonsense("no verb");
    }
    return "ok";
  }

  const way way_;
  bool nobody_waits_ = false;
  std::unique_ptr<requests> requests_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string chosen = argc > 1 ? argv[1] : "wait";
  if (argc > 2 || (chosen != "wait" && chosen != "callback" && chosen != "queue")) {
    std::cerr << "usage: adapter-cpp [wait|callback|queue]\n";
    return 2;
  }
  adapter adapter(chosen == "wait" ? way::wait : chosen == "queue" ? way::queue : way::callback);
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << adapter.step(line) << std::endl;
  }
}
