// Where verbs put tensors: a grid, an archive of arrays, a folder of pictures. And the data that fits a run.
#pragma once

#include <filesystem>
#include <string>
#include <torch/types.h>

#include "belamy/capabilities.h"
#include "belamy/run.h"

#include "data/dataset.h"
#include "train/need.h"

namespace belamy::cli {

/// What an --out argument means.
class Output {
 public:
  /// "x.png", "x.npz", or a folder: an ending "/" or a name without an ending. Anything else is a usage
  /// error.
  static Output parse(const std::string& path);
  /// Images [N, C, H, W] in [-1, 1] or points [N, D]; whole files or none. Storage errors name the path.
  void write(const Tensor& data, const Tensor& labels = {}) const;

 private:
  enum class Kind { png, npz, folder };
  Output(Kind kind, std::filesystem::path path) : kind_(kind), path_(std::move(path)) {}
  Kind kind_;
  std::filesystem::path path_;
};

/// A field of a CSV file: in quotes where it needs them.
std::string quoted(const std::string& text);

/// [C, H, W] in bytes.
Tensor tensor_of(const Image& image);

/// The run's own data settings, its images' size and channels fixed; another source when `data` is not empty.
DataOptions fitted_options(const Run& run, const std::string& data = "");
/// A data error when the data set is not of the run's shape.
void check_fits(const Run& run, const Dataset& dataset);

}  // namespace belamy::cli
