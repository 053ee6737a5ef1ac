// What the editor edits: texts by path. Host and plugins share it.
#ifndef DOCUMENT_HPP
#define DOCUMENT_HPP

#include <atomic>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

// A section was written by somebody whose lock was not the latest one any more.
class stale_write : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The sections are all there from the beginning. Each text, and its token, is guarded
// by a claim on the section's path, or above it, in the manager document::locks_name.
class document {
 public:
  static constexpr const char* locks_name = "editor";

  explicit document(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) sections_[path];
  }

  // Those at or below a path. Needs no lock.
  std::vector<std::string> sections(std::string_view below) const {
    std::vector<std::string> found;
    for (const auto& [path, unused] : sections_) {
      static_cast<void>(unused);
      if (path.compare(0, below.size(), below) == 0 &&
          (path.size() == below.size() || path[below.size()] == '/')) {
        found.push_back(path);
      }
    }
    return found;
  }

  // Needs a claim that reads or writes the section.
  std::string text(const std::string& path) const { return sections_.at(path).text; }

  // Needs a claim that writes the section, and that claim's fencing token: it grows
  // from one holder to the next, so a smaller one than before tells that the writer
  // lost the lock, or never had it.
  void replace(const std::string& path, std::string text, std::uint64_t token) {
    section& it = sections_.at(path);
    if (token < it.token) throw stale_write(path + " has been written under a later lock");
    it.token = token;
    it.text = std::move(text);
  }

 private:
  struct section {
    std::string text;
    std::uint64_t token = 0;
  };
  std::map<std::string, section> sections_;
};

#endif
