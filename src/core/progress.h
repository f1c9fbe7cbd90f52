// Progress of long work: one line that is redrawn on a terminal, plain lines elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace belamy {

/// Writes to one stream. On a terminal `update` redraws the line, clipped to the width, and `line` prints
/// above it. Elsewhere both print plain lines. Not thread-safe.
class Progress {
 public:
  explicit Progress(std::FILE* stream = stderr);
  ~Progress();  ///< as finish()
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(const std::string& text);
  /// The same at most once a second, and not in the first second: for work that is mostly over sooner.
  void update_each_second(const std::string& text);
  void line(const std::string& text);  ///< a line that stays
  void finish();                       ///< keeps the last text and starts a new line, if one is open
  bool terminal() const { return terminal_; }

 private:
  std::FILE* stream_;
  bool terminal_;
  bool open_ = false;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  std::string text_;
};

std::string format_duration(double seconds);    ///< "0.031 s", "4.2 s", "3 min 20 s", "2 h 5 min"
std::string format_bytes(std::uint64_t bytes);  ///< "512 B", "3.4 MiB"
std::string format_rate(double per_second);     ///< three significant digits: "0.52", "12.3", "1,850"

}  // namespace belamy
