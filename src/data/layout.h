// What the folders of a data set say about its files: split and class. Internal to src/data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace belamy {

/// The parts of a path with '/' between them.
std::vector<std::string> split_path(const std::string& name);

/// How many folders lie around all of these files.
std::size_t common_depth(const std::vector<std::string>& names);

/// A file, sorted into split and class.
struct Entry {
  std::string name;
  std::string split;  ///< "train", "test", "val", or empty: the set has no folders of splits
  std::string group;  ///< the class's name; empty: none
};

/// A file or a folder that is in no split of a set that has splits.
struct Stray {
  std::string path;
  bool folder = false;
  std::int64_t files = 0;
};

struct Layout {
  std::vector<Entry> entries;
  std::vector<std::string> splits;  ///< the names of the folders that are splits, train first
  std::vector<Stray> strays;
  /// The folder that all files lie in, without those around it, where it is named like no split; empty: none.
  std::string only_folder = {};
};

/// Sorts files by their folders. A folder that has "train" or "training" as a word of its name is the
/// training set where a folder of test, validation, evaluation or prediction images lies beside it; what lies
/// outside of these folders is stray, and so are images for prediction. A folder "train" without such a
/// folder beside it is the training set where what lies beside it looks like no class. The CycleGAN layout's
/// trainA, trainB, testA and testB are no splits but domains, and so classes. In a set without splits the
/// first `skip` folders say nothing.
Layout lay_out(const std::vector<std::string>& names, std::size_t skip);

}  // namespace belamy
