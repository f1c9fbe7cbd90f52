// What a run's folder holds for its report: about.json, messages.json and evaluation.json. Nothing of it is
// needed to go on with a run, so a file that is missing or damaged reads as empty, and an entry that is not of
// its form is passed over.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "store/run_folder.h"

namespace belamy {

/// The training as a whole. All of it may be empty.
struct RunAbout {
  std::string data;                                              ///< "mnist: 60,000 images of 28x28 gray"
  std::vector<std::pair<std::string, std::string>> environment;  ///< ("threads", "2")
  std::string shown;  ///< what the pictures by step show: "Samples"
  /// What the colours of the samples mean: "#rrggbb" and its meaning.
  std::vector<std::pair<std::string, std::string>> legend;
  std::int64_t steps = 0;  ///< the length that was planned; 0: unknown
};

/// Something worth a look that was noticed in training.
struct RunMessage {
  std::int64_t step = 0;
  std::string text;
};

/// One line of an evaluation.
struct RunScore {
  std::string key;   ///< "classification-error" (report/scores.def); empty in runs of earlier versions
  std::string name;  ///< "classification error"
  double value = 0;  ///< may be not finite; it is kept as null then, and read as NaN
  std::string unit;  ///< may be empty
  std::string note;  ///< may be empty: how it was measured, what would be good
  /// What the figure depends on, such as ("samples", "10000").
  std::vector<std::pair<std::string, std::string>> passport = {};
};

void write_about(RunFolder& folder, const RunAbout& about);
RunAbout read_about(const RunFolder& folder);

void write_messages(RunFolder& folder, const std::vector<RunMessage>& messages);
/// Those of later steps are left out.
std::vector<RunMessage> read_messages(const RunFolder& folder,
                                      std::int64_t up_to_step = std::numeric_limits<std::int64_t>::max());

/// What an evaluation found at `step`.
void write_evaluation(RunFolder& folder, std::int64_t step, const std::vector<RunScore>& scores);
std::vector<RunScore> read_evaluation(const RunFolder& folder);

}  // namespace belamy
