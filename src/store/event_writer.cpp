#include "store/event_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <unistd.h>

namespace belamy {

namespace {

constexpr std::string_view file_prefix = "events.out.tfevents.";

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
    table[byte] = crc;
  }
  return table;
}
constexpr auto crc_table = make_crc_table();

template <typename T>
std::string little_endian(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof value; ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

/// TFRecord: the length and the data, each with a masked checksum, since a checksum of data that contains
/// checksums is weak.
std::string record(std::string_view data) {
  const auto masked = [](std::string_view bytes) {
    return little_endian(std::rotr(crc32c(bytes), 15) + 0xA282EAD8u);
  };
  const std::string length = little_endian(std::uint64_t{data.size()});
  return length + masked(length) + std::string(data) + masked(data);
}

// Protocol buffers: every field is a key (number * 8 + wire type) and its value.

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) bytes += static_cast<char>(value | 128);
  return bytes + static_cast<char>(value);
}

std::string int_field(int number, std::int64_t value) {
  return varint(number * 8) + varint(static_cast<std::uint64_t>(value));
}

std::string double_field(int number, double value) {
  return varint(number * 8 + 1) + little_endian(std::bit_cast<std::uint64_t>(value));
}

std::string float_field(int number, float value) {
  return varint(number * 8 + 5) + little_endian(std::bit_cast<std::uint32_t>(value));
}

std::string bytes_field(int number, std::string_view value) {
  return varint(number * 8 + 2) + varint(value.size()) + std::string(value);
}

// The messages of tensorflow/core/util/event.proto and framework/summary.proto that are needed, by
// field number.
namespace event {
constexpr int wall_time = 1, step = 2, file_version = 3, summary = 5, session_log = 7;
}
namespace session_log {
constexpr int status = 1, start = 1;
}
namespace summary {
constexpr int value = 1;
}
namespace value {
constexpr int tag = 1, simple_value = 2, image = 4;
}
namespace image {
constexpr int height = 1, width = 2, colorspace = 3, encoded = 4;
}

/// The seconds in the name of an event file; 0 for other files.
std::int64_t seconds_of(const fs::path& path) {
  const std::string name = path.filename().string();
  if (!name.starts_with(file_prefix)) return 0;
  std::int64_t seconds = 0;
  std::from_chars(name.data() + file_prefix.size(), name.data() + name.size(), seconds);
  return seconds;
}

std::string host_name() {
  std::array<char, 256> name{};
  // The last byte stays zero: a truncated name may lack its terminator.
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) crc = (crc >> 8) ^ crc_table[(crc ^ static_cast<unsigned char>(byte)) & 255];
  return ~crc;
}

EventWriter::EventWriter(Env& env, const fs::path& folder, std::optional<std::int64_t> restart_step) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::int64_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  // Never the second of an earlier file: then the process number would decide the order, or be equal too.
  for (const fs::path& path : env.list(folder)) seconds = std::max(seconds, seconds_of(path) + 1);
  const fs::path path = folder / fmt::format("{}{:010}.{}.{}", file_prefix, seconds, host_name(), ::getpid());
  file_ = env.open(path, Env::Mode::truncate);
  write_event(std::nullopt, bytes_field(event::file_version, "brain.Event:2"));
  if (restart_step) {
    write_event(restart_step,
                bytes_field(event::session_log, int_field(session_log::status, session_log::start)));
  }
}

void EventWriter::write_event(std::optional<std::int64_t> step, std::string_view content) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  std::string bytes = double_field(event::wall_time, now.count());
  if (step) bytes += int_field(event::step, *step);
  bytes += content;
  file_->append(record(bytes));
}

void EventWriter::write_scalars(std::int64_t step,
                                const std::vector<std::pair<std::string, double>>& values) {
  std::string content;
  for (const auto& [name, number] : values) {
    content += bytes_field(summary::value, bytes_field(value::tag, name) +
                                               float_field(value::simple_value, static_cast<float>(number)));
  }
  write_event(step, bytes_field(event::summary, content));
}

void EventWriter::write_image(std::int64_t step, const std::string& tag, std::string_view png) {
  // The signature (8 bytes), then IHDR: length, name, width, height (4 bytes each), bit depth, colour type.
  if (!png.starts_with("\x89PNG\r\n\x1a\n") || png.size() < 26) {
    throw storage_error(fmt::format("the picture '{}' of step {} is not a PNG", tag, step));
  }
  const int colour_type = png[25];
  const int channels = colour_type == 0 ? 1 : colour_type == 4 ? 2 : colour_type == 6 ? 4 : 3;
  const std::string picture = int_field(image::height, big_endian(png.substr(20))) +
                              int_field(image::width, big_endian(png.substr(16))) +
                              int_field(image::colorspace, channels) + bytes_field(image::encoded, png);
  write_event(
      step, bytes_field(event::summary, bytes_field(summary::value, bytes_field(value::tag, tag) +
                                                                        bytes_field(value::image, picture))));
}

}  // namespace belamy
