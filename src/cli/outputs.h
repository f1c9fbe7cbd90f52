// Where verbs put tensors: a grid, an archive of arrays, a folder of pictures. And the data that fits a run.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <torch/types.h>
#include <vector>

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

/// An --out argument (or another, named by `option`) where only a folder will do. A usage error with the cure
/// for what ends like a file and is no folder yet: "x.png", but not "vae-0.5" or "x.png/".
std::filesystem::path folder_argument(const std::string& path, const std::string& option = "--out");

/// One file, whole or not at all, with the folders that it needs.
void write_output(const std::filesystem::path& path, std::string_view bytes);

/// A field of a CSV file: in quotes where it needs them.
std::string quoted(const std::string& text);

/// Places of `values` [N] (double, on the CPU), the greatest first; what is not finite comes last, with a
/// warning.
std::vector<std::int64_t> ranked(const Tensor& values);
/// Prints the first `show` of a ranked data set with value, name and label; all of them go into `out` as CSV
/// where it is named, the value's column under the name `column`.
void tell_ranks(const Dataset& set, const Tensor& values, const std::vector<std::int64_t>& order,
                const std::string& column, std::int64_t show, const std::string& out);

/// [C, H, W] in bytes.
Tensor tensor_of(const Image& image);

/// The run's own data settings, its images' size and channels fixed; another source when `data` is not empty.
DataOptions fitted_options(const Run& run, const std::string& data = "");
/// A data error when the data set is not of the run's shape.
void check_fits(const Run& run, const Dataset& dataset);

}  // namespace belamy::cli
