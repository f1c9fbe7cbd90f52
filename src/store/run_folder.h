// A run's folder: settings, metrics, samples, checkpoints, report. One process at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/env.h"
#include "store/array.h"
#include "store/safetensors.h"

namespace belamy {

class EventWriter;

struct CheckpointFile {
  std::int64_t step = 0;
  fs::path path;
};

/// Owns the lock of the folder while it lives. Not thread-safe.
///
///   resolved.toml  metrics.jsonl  events.out.tfevents.*  samples/step-00000500.png  report.html
///   checkpoints/step-00000500.safetensors  threads.csv  pictures/NAME.png  .lock
///   about.json  messages.json  evaluation.json: store/run_records.h
class RunFolder {
 public:
  static constexpr const char* settings_file = "resolved.toml";
  static constexpr const char* report_file = "report.html";
  static constexpr const char* threads_file = "threads.csv";

  /// Creates the folder (or takes an empty one); it is a run from write_settings on. A storage error when it
  /// already holds a run ("go on with it by --resume, or choose another folder") or other files, is in use by
  /// another process, or cannot be written.
  static RunFolder create(Env& env, const fs::path& path);
  /// Opens an existing run for going on: takes the lock and removes temporary files that dead processes left.
  /// A storage error when it is no run, is in use by another process, or cannot be written.
  static RunFolder open(Env& env, const fs::path& path);
  /// Opens for reading only: no lock; a run may be going on in it. A storage error when it is no run.
  static RunFolder read(Env& env, const fs::path& path);

  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) noexcept;
  ~RunFolder();

  const fs::path& path() const { return path_; }

  void write_settings(std::string_view resolved_toml);
  std::string read_settings() const;

  /// Atomic and durable; then prunes to the newest `keep` (at least one; a failure to prune is no error).
  /// Adds metadata["step"]. A storage error, such as for a full disk, leaves the older checkpoints and no
  /// temporary file.
  void save_checkpoint(std::int64_t step, const ArrayMap& arrays, StringMap metadata, int keep);
  /// Oldest first.
  std::vector<CheckpointFile> checkpoints() const;
  /// The newest good one; `warn(message)` is called once, with one line, for every damaged one that was
  /// passed over. A storage error when there is none, or none is good.
  Safetensors load_newest(const std::function<void(const std::string&)>& warn,
                          std::int64_t* step = nullptr) const;

  /// One line of metrics.jsonl ({"step":..,"time":..,"name":value,...}; a value that is not finite is written
  /// as null) and the same values as TensorBoard scalars. `seconds` is training time. Steps rise from call to
  /// call.
  void append_metrics(std::int64_t step, double seconds,
                      const std::vector<std::pair<std::string, double>>& values);
  /// Drops metrics and samples of later steps, after going back to a checkpoint, in TensorBoard as well.
  /// Checkpoints of later steps, which load_newest passed over as damaged, get the ending ".damaged", so that
  /// they no longer count.
  void rewind(std::int64_t step);
  struct MetricRow {
    std::int64_t step = 0;
    double seconds = 0;
    std::vector<std::pair<std::string, double>> values;
  };
  /// Lines that are no rows, such as the torn last line of a crash, are passed over. A null comes back as
  /// NaN.
  std::vector<MetricRow> read_metrics() const;

  /// Atomic, and the same picture for TensorBoard. A storage error when `png` is no PNG.
  void write_sample(std::int64_t step, std::string_view png);
  /// (step, path), oldest first.
  std::vector<std::pair<std::int64_t, fs::path>> samples() const;

  /// A picture that a report shows under its name. Atomic.
  void write_picture(const std::string& name, std::string_view png);
  /// (name, path).
  std::vector<std::pair<std::string, fs::path>> pictures() const;

  /// Atomic; makes the folders in between.
  void write_file(const fs::path& relative, std::string_view bytes);
  Env& env() const { return *env_; }

 private:
  RunFolder(Env& env, fs::path path);
  void lock();
  EventWriter& events();

  Env* env_;
  fs::path path_;
  std::unique_ptr<FileLock> lock_;
  std::unique_ptr<EventWriter> events_;
  std::unique_ptr<WritableFile> metrics_;
};

}  // namespace belamy
