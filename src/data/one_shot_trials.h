// One-shot trials: a query has to be assigned to one of a few classes, each known by one or a few examples.
// No torch here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// Trials that share their known examples. `support` and `queries` are indices in a data set; classes are
/// 0 .. ways - 1 within the episode.
struct Episode {
  std::vector<std::int64_t> support, support_classes;  ///< [ways * shots]
  std::vector<std::int64_t> queries, query_classes;    ///< [Q], one trial each
};

/// A data set and episodes of its examples.
struct Trials {
  Dataset data;
  std::vector<Episode> episodes;
  std::int64_t count() const;  ///< number of all queries
};

/// Reads the official runs of Omniglot (Lake, Salakhutdinov & Tenenbaum 2015), all_runs.zip: each
/// class_labels.txt has lines "test file training file", with paths from the folder above its own. `options`
/// set size, channels and fit of the images, which are binarised at half if `binarize` is not "none". Data
/// errors name archive, file and line: no class_labels.txt, a line that is not a pair of files, a file that
/// is missing or not an image, images of several sizes, a damaged archive.
Trials read_trials(const std::filesystem::path& archive, const DataOptions& options);

/// The path of all_runs.zip in the folder that `source` is or lies in. A data error names the missing path.
std::filesystem::path find_official_trials(const std::string& source);

/// The folder of a class, such as its alphabet: "Latin" for "Latin/character01"; empty if there is none.
std::string folder_of(const std::string& class_name);

/// The kind of trials to draw: "5-way-1-shot", "20-way-1-shot-in-folder".
struct TrialPlan {
  std::int64_t ways = 20, shots = 1;
  bool in_folder = false;  ///< all classes of an episode lie in one folder, such as an alphabet

  /// A usage error for anything else.
  static TrialPlan parse(const std::string& text);
};

/// Draws `count` episodes of a labelled set, with one query of each class. Classes and examples are drawn
/// without replacement within an episode; the same seed gives the same episodes. Data errors: no labels, not
/// enough classes with shots + 1 examples.
std::vector<Episode> draw_trials(const Dataset& data, const TrialPlan& plan, std::int64_t count,
                                 std::int64_t seed);

}  // namespace belamy
