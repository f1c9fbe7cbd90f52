// The runs below some folders, as the studio shows them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "store/run_folder.h"

namespace belamy::studio {

using Json = nlohmann::ordered_json;

/// A run is found by an id that is made from its place, so no path ever comes from a browser.
class Runs {
 public:
  explicit Runs(std::vector<std::filesystem::path> folders);

  /// Looks through the folders again: runs in them, and up to two folders below.
  void scan();
  /// The folder of a run. A usage error for an id that is not known.
  std::filesystem::path folder(const std::string& id);
  /// The id of a folder, which becomes known by it.
  std::string id_of(const std::filesystem::path& folder);
  /// Where new runs are put: the first of the folders.
  const std::filesystem::path& home() const { return folders_.front(); }

  /// All runs, the latest first: name, model, title, state, step, steps, the course of the first loss, newest picture,
  /// number of messages.
  Json list();
  /// One of them, with settings, messages, scores, and the steps of pictures and checkpoints.
  Json details(const std::string& id);
  /// The curves, each of at most `points` points.
  Json curves(const std::string& id, std::size_t points);
  /// A picture of a step, or one that the report shows under a name; PNG. A usage error for others.
  std::string sample(const std::string& id, std::int64_t step);
  std::string picture(const std::string& id, const std::string& name);
  std::string report(const std::string& id);
  /// What tells whether a run has changed.
  struct Mark {
    std::uint64_t metrics = 0;
    std::size_t samples = 0, messages = 0;
    std::string state;
    bool operator==(const Mark&) const = default;
  };
  Mark mark(const std::string& id);

 private:
  struct Known {
    std::filesystem::path folder;
    std::uint64_t size = 0;  // of metrics.jsonl that was read
    std::vector<RunFolder::MetricRow> rows;
  };
  Known& known(const std::string& id);
  const std::vector<RunFolder::MetricRow>& rows_of(Known& run);
  Json summary(const std::string& id, Known& run, bool with_course);

  const std::vector<std::filesystem::path> folders_;
  std::mutex mutex_;
  std::map<std::string, Known> runs_;
};

/// "running", "finished", "stopped" or "empty".
std::string state_of(const std::filesystem::path& folder, std::int64_t step, std::int64_t steps);

}  // namespace belamy::studio
