#include "core/progress.h"

#include <array>
#include <cmath>
#include <fmt/format.h>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/text.h"

namespace belamy {
namespace {

constexpr int kUsualColumns = 80;

int columns(std::FILE* stream) {
  winsize size{};
  const bool known = ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsualColumns;
}

// At most `limit` characters of a text, up to its first line break. A character counts as one column.
std::string clipped(std::string_view text, int limit) {
  return std::string(first_characters(text.substr(0, text.find('\n')), static_cast<std::size_t>(limit)));
}

}  // namespace

Progress::Progress(std::FILE* stream) : stream_(stream), terminal_(isatty(fileno(stream)) == 1) {}

Progress::~Progress() {
  finish();
}

void Progress::update(const std::string& text) {
  if (!terminal_) {
    line(text);
    return;
  }
  text_ = text;
  open_ = true;
  // The last column stays free: some terminals wrap as soon as it is written.
  std::fputs(("\r\x1b[K" + clipped(text, columns(stream_) - 1)).c_str(), stream_);
  std::fflush(stream_);
}

void Progress::update_each_second(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::seconds(1)) return;
  last_ = now;
  update(text);
}

void Progress::line(const std::string& text) {
  std::fputs(((open_ ? "\r\x1b[K" : "") + text + "\n").c_str(), stream_);
  if (open_) {
    update(text_);
  } else {
    std::fflush(stream_);
  }
}

void Progress::finish() {
  if (!open_) return;
  open_ = false;
  std::fputc('\n', stream_);
  std::fflush(stream_);
}

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  if (seconds < 10) return fmt::format("{:.2g} s", seconds < 1e-4 ? 0 : seconds);
  const double whole = std::round(seconds);
  if (whole < 60) return fmt::format("{:.0f} s", whole);
  if (whole < 3600) return fmt::format("{:.0f} min {:.0f} s", std::floor(whole / 60), std::fmod(whole, 60));
  const double minutes = std::floor(whole / 60);
  if (minutes < 48 * 60)
    return fmt::format("{:.0f} h {:.0f} min", std::floor(minutes / 60), std::fmod(minutes, 60));
  const double hours = std::floor(minutes / 60);
  return fmt::format("{:.0f} d {:.0f} h", std::floor(hours / 24), std::fmod(hours, 24));
}

std::string format_bytes(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (amount >= 1023.95 && unit + 1 < units.size()) {  // would be printed as 1024.0
    amount /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string format_rate(double per_second) {
  if (!std::isfinite(per_second)) return "?";
  if (per_second == 0) return "0";
  // Rounded to three significant digits first, so that 9.996 becomes 10.0 and not 10.00.
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(per_second))) - 2);
  const double rounded = std::round(per_second / unit) * unit;
  const int digits = 2 - static_cast<int>(std::floor(std::log10(std::abs(rounded)) + 1e-12));
  if (digits > 0) return fmt::format("{:.{}f}", rounded, digits);
  return format_count(std::llround(rounded));
}

}  // namespace belamy
