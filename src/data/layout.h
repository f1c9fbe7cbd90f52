// The meaning of the folders of a data set: split and class of each file. Internal to src/data.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace belamy {

/// The parts of a path, which '/' separates, without "." and "..".
std::vector<std::string> split_path(const std::string& name);

/// The number of folders that contain all of these files.
std::size_t common_depth(const std::vector<std::string>& names);

/// A file with its split and class.
struct Entry {
  std::string name;
  std::string split;  ///< "train", "test", "val", or empty if the set has no folders of splits
  std::string group;  ///< name of the class; empty if it has none
};

/// A file or a folder outside all splits of a set that has splits.
struct Stray {
  std::string path;
  bool folder = false;
  std::int64_t files = 0;
};

struct Layout {
  std::vector<Entry> entries;
  std::vector<std::string> splits;  ///< the names of the folders that are splits, train first
  std::vector<Stray> strays;
  /// The innermost folder that contains all files, if its name is not that of a split; empty otherwise.
  std::string only_folder = {};
};

/// Sorts files by their folders. A folder with the word "train" or "training" in its name is the training set
/// if a folder of test, validation, evaluation or prediction images lies beside it and the two names fit:
/// apart from these words and from numbers they share a word, or one of them has no other word. "train-station"
/// and "test-tube" do not fit, so they are classes. Files outside of these folders are stray, and so are images
/// for prediction. A folder "train" without such a neighbour is the
/// training set if its neighbours do not look like classes. trainA, trainB, testA and testB of the CycleGAN
/// layout are domains, not splits, and so count as classes. In a set without splits the first `skip` folders
/// are ignored.
Layout lay_out(const std::vector<std::string>& names, std::size_t skip);

/// Which files a split takes: those whose Entry::split is this name. `splits` are the names that have files to use.
/// A set with train and val but no test is tested on val; one with train alone is divided like any other.
std::string split_folder(const std::set<std::string>& splits, Split split);

}  // namespace belamy
