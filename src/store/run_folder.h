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

/// Holds the lock of the folder while it exists. Not thread-safe.
///
///   resolved.toml  metrics.jsonl  events.out.tfevents.*  samples/step-00000500.png  report.html
///   checkpoints/step-00000500.safetensors  threads.csv  commands.csv  pictures/NAME.png
///   requests/  .lock
///   about.json  messages.json  evaluation.json: store/run_records.h
class RunFolder {
 public:
  static constexpr const char* settings_file = "resolved.toml";
  static constexpr const char* report_file = "report.html";
  static constexpr const char* threads_file = "threads.csv";
  static constexpr const char* commands_file = "commands.csv";

  /// Creates the folder, or takes an empty one; it counts as a run after write_settings. A storage error if
  /// it already holds a run or other files, is in use by another process, or cannot be written.
  static RunFolder create(Env& env, const fs::path& path);
  /// Opens an existing run to continue it: takes the lock and removes temporary files of dead processes. A
  /// storage error if it is not a run, is in use by another process, or cannot be written.
  static RunFolder open(Env& env, const fs::path& path);
  /// Opens for reading only, without the lock; a training may be writing to it. A storage error if it is not
  /// a run.
  static RunFolder read(Env& env, const fs::path& path);

  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) noexcept;
  ~RunFolder();

  const fs::path& path() const { return path_; }

  void write_settings(std::string_view resolved_toml);
  std::string read_settings() const;

  /// Writes atomically and durably, then removes all but the newest `keep` (at least one); failing to remove
  /// is not an error. Adds metadata["step"]. After a storage error, such as for a full disk, the older
  /// checkpoints are intact and no temporary file is left.
  void save_checkpoint(std::int64_t step, const ArrayMap& arrays, StringMap metadata, int keep);
  /// Oldest first.
  std::vector<CheckpointFile> checkpoints() const;
  /// The newest good checkpoint. Calls `warn(message)` with one line for each damaged one that is skipped. A
  /// storage error if there is none, or none is good.
  Safetensors load_newest(const std::function<void(const std::string&)>& warn,
                          std::int64_t* step = nullptr) const;
  /// The checkpoint of one step. A usage error if the run does not keep it, a storage error if it is damaged.
  Safetensors load_step(std::int64_t step) const;

  /// Appends one line to metrics.jsonl ({"step":..,"time":..,"name":value,...}; a value that is not finite
  /// becomes null) and the same values as TensorBoard scalars. `seconds` is training time. Steps must
  /// increase from call to call.
  void append_metrics(std::int64_t step, double seconds,
                      const std::vector<std::pair<std::string, double>>& values);
  /// After going back to a checkpoint, drops metrics and samples of later steps, in TensorBoard as well.
  /// Checkpoints of later steps, which load_newest skipped as damaged, get the ending ".damaged", so that
  /// they no longer count.
  void rewind(std::int64_t step);
  struct MetricRow {
    std::int64_t step = 0;
    double seconds = 0;
    std::vector<std::pair<std::string, double>> values;
  };
  /// Lines that are not rows, such as a last line torn by a crash, are skipped. A null is read as NaN.
  std::vector<MetricRow> read_metrics() const;
  /// Those after the first `from` bytes of the file; sets `from` to the end of the last whole line.
  std::vector<MetricRow> read_new_metrics(std::uint64_t& from) const;
  fs::path metrics_path() const;

  /// Writes atomically, and adds the picture to TensorBoard. A storage error if `png` is not a PNG.
  void write_sample(std::int64_t step, std::string_view png);
  /// (step, path), oldest first.
  std::vector<std::pair<std::int64_t, fs::path>> samples() const;

  /// What `belamy steer` asked of the training that holds this folder, a text each; they are taken out.
  std::vector<std::string> take_requests();
  /// Whether a process holds the lock of the folder: a training or another verb that writes to it. Takes no lock itself.
  static bool is_held(const fs::path& path);
  /// Leaves a request for the training that holds the folder. A usage error when no process holds it.
  static void leave_request(Env& env, const fs::path& path, const std::string& text);

  /// A picture that a report shows under its name. Atomic.
  void write_picture(const std::string& name, std::string_view png);
  /// (name, path).
  std::vector<std::pair<std::string, fs::path>> pictures() const;

  /// The files that the run consists of. Others that somebody put into the folder are not among them.
  std::vector<fs::path> files() const;

  /// Removes the files of a run that has just been created, and the folder if nothing else lies in it. Never throws.
  void discard() noexcept;

  /// Writes atomically; creates the folders in between.
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
