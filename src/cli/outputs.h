// Outputs of the verbs: image grids, archives of arrays, folders of pictures. And the data that fits a run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <torch/types.h>
#include <vector>

#include "belamy/capabilities.h"
#include "belamy/run.h"

#include "cli/run_request.h"
#include "core/output_paths.h"
#include "data/dataset.h"
#include "data/npz.h"
#include "data/walk.h"
#include "use/require.h"

namespace belamy::cli {

/// The files of the data that the options name, and the folder itself if it is a folder of images. A source that
/// cannot be found is ignored here; loading it reports the error.
Inputs inputs_of(const DataOptions& options);
/// What a verb reads that opens a run: the files of the run's folder, the run's data, and the given data. The
/// data of a run are inputs of verbs that do not read them, too: they are the user's.
Inputs inputs_of(const RunRequest& run);
Inputs inputs_of(const RunRequest& run, const DataOptions& options);
void add_files(Inputs& inputs, const std::filesystem::path& folder, const FolderFiles& files);

/// An --out argument for data: a picture F.png, arrays F.npz, or a folder of pictures.
class Output {
 public:
  Output(const std::string& value, Inputs inputs);
  OutputKind kind() const { return path_.kind(); }
  const OutputPath& path() const { return path_; }
  /// Images [N, C, H, W] in [-1, 1] or points [N, D]; each file is written whole or
  /// not at all. Storage errors name the path.
  /// A picture has `columns` images per row; 0: about as many as rows. Arrays are stored with `facts`.
  void write(const Tensor& data, const NpzFacts& facts = {}, std::int64_t columns = 0) const;

 private:
  Inputs inputs_;
  OutputPath path_;
};

/// An argument for a picture F.png. A usage error if the file exists and Belamy did not write it.
OutputPath picture_output(const std::string& option, const std::string& value, const Inputs& inputs);
/// Writes numbers [N, D] as the array "points" of an .npz file.
void write_numbers(const OutputPath& path, const Tensor& numbers);
/// Writes a PNG file that tells that Belamy wrote it.
void write_picture(const OutputPath& path, const Image& image);

/// An optional argument, such as --sheet: nothing if `value` is empty.
std::optional<OutputPath> optional_output(const std::string& option, const std::string& value,
                                          OutputKind kind, const Inputs& inputs);

/// A field of a CSV file, in quotes if it needs them.
std::string quoted(const std::string& text);

/// Indices of `values` [N] (double, on the CPU), the greatest first; values that are not finite come last,
/// with a warning.
std::vector<std::int64_t> ranked(const Tensor& values);
/// Prints the first `show` examples of a ranked data set with value, name and label. Writes all of them to
/// `out`, if given, as CSV; `column` is the name of the value's column.
void tell_ranks(const Dataset& set, const Tensor& values, const std::vector<std::int64_t>& order,
                const std::string& column, std::int64_t show, const std::optional<OutputPath>& out);

/// Texts of the user as captions for a run [N, L]. Warns of words that no caption of its training had; a usage error for
/// a text without a word that it knows.
Tensor asked_captions(const std::vector<std::string>& texts, const Run& run);

/// The run's data settings with the size and channels of its images; another source if `data` is not empty.
DataOptions fitted_options(const Run& run, const std::string& data = "");
/// The same for data of the user's that are used whole: all examples of all classes, as Split::test.
DataOptions whole_options(const Run& run, const std::string& data);
/// A data error if the data set does not have the run's shape, or that of the run's domain `wanted`.
void check_fits(const Run& run, const Dataset& dataset);
void check_fits(const Run& run, const Dataset& dataset, const DataShape& wanted);

}  // namespace belamy::cli
