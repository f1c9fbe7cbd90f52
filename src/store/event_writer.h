// TensorBoard's event files, written without TensorFlow and protobuf.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/env.h"

namespace belamy {

/// One file `events.out.tfevents.SECONDS.HOST.PID`. Every event is written at once, but not synced: a crash
/// of the machine may lose the last ones. Errors are storage errors. Not thread-safe.
class EventWriter {
 public:
  /// Starts a new file in `folder`. Its name sorts after those of the existing files, because TensorBoard
  /// reads them in this order. With `restart_step` TensorBoard drops what earlier files hold for this step
  /// and later ones.
  EventWriter(Env& env, const fs::path& folder, std::optional<std::int64_t> restart_step = std::nullopt);

  void write_scalars(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);
  /// A storage error if `png` is not a PNG.
  void write_image(std::int64_t step, const std::string& tag, std::string_view png);

 private:
  void write_event(std::optional<std::int64_t> step, std::string_view content);

  std::unique_ptr<WritableFile> file_;
};

/// The checksum of the records (Castagnoli's polynomial), not masked.
std::uint32_t crc32c(std::string_view bytes);

}  // namespace belamy
