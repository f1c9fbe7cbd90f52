// One-shot trials: which of a few classes, known by an example or some, a further example is of. No
// torch here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// Trials that share their known examples. All but the classes are places in a data set; classes count 0 ..
/// ways - 1 inside the episode.
struct Episode {
  std::vector<std::int64_t> support, support_classes;  ///< [ways * shots]
  std::vector<std::int64_t> queries, query_classes;    ///< [Q], a trial each
};

/// A data set and episodes of its examples.
struct Trials {
  Dataset data;
  std::vector<Episode> episodes;
  std::int64_t count() const;  ///< of all queries
};

/// The official runs of Omniglot (Lake, Salakhutdinov & Tenenbaum 2015), all_runs.zip: each class_labels.txt
/// has lines "test file training file", whose files are named from the folder above its own. Images are as
/// `options` makes them (size, channels, fit; binarised at half where `binarize` is not "none"). Data errors
/// name archive, file and line: no class_labels.txt, a line that is no pair of files, a file that is missing
/// or no image, images of several sizes, a damaged archive.
Trials read_trials(const std::filesystem::path& archive, const DataOptions& options);

/// all_runs.zip in the folder that `source` is or lies in. A data error that says where it was looked for.
std::filesystem::path find_official_trials(const std::string& source);

/// The folder of a class, such as its alphabet: "Latin" of "Latin/character01"; empty where there is none.
std::string folder_of(const std::string& class_name);

/// What to draw: "5-way-1-shot", "20-way-1-shot-in-folder".
struct TrialPlan {
  std::int64_t ways = 20, shots = 1;
  bool in_folder = false;  ///< all classes of an episode lie in one folder, such as an alphabet

  /// A usage error for anything else.
  static TrialPlan parse(const std::string& text);
};

/// `count` episodes of a labelled set, with one query of each class; classes, examples and folders are drawn
/// without replacement inside an episode, the same for the same seed. Data errors: no labels, not enough
/// classes with shots + 1 examples.
std::vector<Episode> draw_trials(const Dataset& data, const TrialPlan& plan, std::int64_t count,
                                 std::int64_t seed);

}  // namespace belamy
