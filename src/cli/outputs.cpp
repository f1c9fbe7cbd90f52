#include "cli/outputs.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>
#include <torch/types.h>

#include "belamy/error.h"

#include "cli/verbs.h"
#include "core/env.h"
#include "core/text.h"
#include "data/captions.h"
#include "pictures/grids.h"
#include "pictures/point_pictures.h"
#include "store/run_folder.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/run_report.h"

namespace belamy::cli {

static_assert(settings_of_run == RunFolder::settings_file);

void add_files(Inputs& inputs, const fs::path& folder, const FolderFiles& files) {
  for (const auto& name : files.names) inputs.add_file(folder / name);
}

namespace {

void add_data(Inputs& inputs, const DataOptions& options) {
  for (const auto& name : {options.source, options.target}) {
    if (name.empty()) continue;
    try {
      const auto source = find_source(name);
      if (source.path.empty()) continue;
      if (!fs::is_directory(source.path)) {
        inputs.add_file(source.path);
        continue;
      }
      add_files(inputs, source.path, walk_folder(source.path));
      // In the other kinds of folders only files of certain names are read.
      if (holds_files(source)) inputs.add_folder(source.path);
    } catch (const Error&) {
      // Loading reports the same error, with more context.
    }
  }
}

}  // namespace

Inputs inputs_of(const DataOptions& options) {
  Inputs inputs;
  add_data(inputs, options);
  return inputs;
}

Inputs inputs_of(const RunRequest& run) {
  return inputs_of(run, {});
}

Inputs inputs_of(const RunRequest& run, const DataOptions& options) {
  Inputs inputs;
  DataOptions own;
  try {
    const auto folder = RunFolder::read(Env::real(), run.folder);
    for (const auto& file : folder.files()) inputs.add_file(file);
    own = recipe_in(folder)->data;
    add_data(inputs, own);
  } catch (const Error&) {
    // Opening the run reports the same error.
  }
  if (options.source != own.source || options.target != own.target) add_data(inputs, options);
  return inputs;
}

Output::Output(const std::string& value, Inputs inputs)
    : inputs_(std::move(inputs)),
      path_(OutputPath::named("--out", value, {OutputKind::png, OutputKind::npz, OutputKind::folder},
                              inputs_)) {
  if (kind() == OutputKind::png) path_.refuse_others(png_mark);
}

void Output::write(const Tensor& data, const NpzFacts& facts, std::int64_t columns) const {
  const bool images = data.dim() == 4;
  if (kind() == OutputKind::npz) {
    const auto array =
        images ? to_bytes(data).permute({0, 2, 3, 1}).contiguous() : data.contiguous();  // [N, H, W, C]
    write_output(path_, encode_npz(images ? "images" : "points", array.data_ptr(), array.sizes().vec(),
                                   images, facts));
    return;
  }
  if (!images) {
    if (kind() == OutputKind::folder)
      throw usage_error("points cannot be written as a folder of pictures", "use --out F.npz or F.png");
    write_picture(path_, points_picture(data, {}));
    return;
  }
  if (kind() == OutputKind::png) {
    write_picture(path_, image_grid(data, columns));
    return;
  }
  const auto all = to_images(data);
  std::vector<OutputPath> files;
  for (std::size_t i = 0; i < all.size(); ++i)
    files.push_back(path_.below(fmt::format("{:06d}.png", i), png_mark, inputs_));
  for (std::size_t i = 0; i < all.size(); ++i) write_picture(files[i], all[i]);
}

OutputPath picture_output(const std::string& option, const std::string& value, const Inputs& inputs) {
  auto path = OutputPath::named(option, value, {OutputKind::png}, inputs);
  path.refuse_others(png_mark);
  return path;
}

void write_numbers(const OutputPath& path, const Tensor& numbers) {
  const auto array = numbers.to(torch::kFloat).contiguous();
  write_output(path, encode_npz("points", array.data_ptr(), array.sizes().vec(), /*bytes=*/false, {}));
}

void write_picture(const OutputPath& path, const Image& image) {
  write_output(path, encode_png(image, true));
}

std::optional<OutputPath> optional_output(const std::string& option, const std::string& value,
                                          OutputKind kind, const Inputs& inputs) {
  if (value.empty()) return std::nullopt;
  if (kind == OutputKind::png) return picture_output(option, value, inputs);
  return OutputPath::named(option, value, {kind}, inputs);
}

std::vector<std::int64_t> ranked(const Tensor& values) {
  const auto* value = values.data_ptr<double>();
  std::vector<std::int64_t> order(static_cast<std::size_t>(values.numel()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto finite =
      std::stable_partition(order.begin(), order.end(), [&](auto i) { return std::isfinite(value[i]); });
  std::stable_sort(order.begin(), finite, [&](auto a, auto b) { return value[a] > value[b]; });
  if (finite != order.end())
    warn("not finite, and therefore last: " + counted(order.end() - finite, "value"));
  return order;
}

void tell_ranks(const Dataset& set, const Tensor& values, const std::vector<std::int64_t>& order,
                const std::string& column, std::int64_t show, const std::optional<OutputPath>& out) {
  const auto* value = values.data_ptr<double>();
  std::string csv = "rank," + column + ",name,label\n";
  std::int64_t rank = 0;
  for (const auto place : order) {
    const auto i = static_cast<std::size_t>(place);
    const auto name = set.name_of(place);
    const auto label = set.labels.empty() ? "" : set.class_names.at(static_cast<std::size_t>(set.labels[i]));
    if (++rank <= show) fmt::print("{:>6} {:>12.5g}  {}  {}\n", rank, value[i], name, label);
    csv += fmt::format("{},{},{},{}\n", rank, value[i], quoted(name), quoted(label));
  }
  if (!out) return;
  write_output(*out, csv);
  fmt::print("all ranks in {}\n", out->string());
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

Tensor asked_captions(const std::vector<std::string>& texts, const Run& run) {
  const auto& vocabulary = run.shape().vocabulary;
  if (vocabulary.empty())
    throw usage_error(fmt::format("{} was trained without captions", run.recipe().name),
                      "train on data with captions, such as glyphs-captions");
  for (const auto& text : texts) {
    const auto unknown = unknown_words(text, vocabulary);
    if (unknown.size() == words_of(text).size()) {
      const std::vector<std::string> known(
          vocabulary.begin() + 2, vocabulary.begin() + std::min<std::ptrdiff_t>(32, std::ssize(vocabulary)));
      throw usage_error(fmt::format("{} knows no word of the text '{}'", run.recipe().name, text),
                        fmt::format("its most frequent words are {}", fmt::join(known, ", ")));
    }
    for (const auto& word : unknown)
      warn(fmt::format("'{}': no caption of the training had this word", word));
  }
  return caption_tensor(texts, vocabulary);
}

DataOptions fitted_options(const Run& run, const std::string& data) {
  auto options = run.recipe().data;
  if (!data.empty()) {
    // The user's data are one domain, whatever the run was trained on.
    options.source = data;
    options.target.clear();
    options.pairs = "none";
    options.unpaired = false;
    options.attributes.clear();
  }
  // A side that is computed from the pictures follows from their size.
  const bool derived = options.pairs == "reduced" && !run.shape().others.empty();
  if (run.shape().is_images()) ask_for(options, derived ? run.shape().others[0] : run.shape());
  return options;
}

DataOptions whole_options(const Run& run, const std::string& data) {
  auto options = fitted_options(run, data);
  options.holdout = 1;  // no setting allows this: everything belongs to the test split
  options.classes.clear();
  return options;
}

void check_fits(const Run& run, const Dataset& dataset) {
  check_fits(run, dataset, run.shape());
}

void check_fits(const Run& run, const Dataset& dataset, const DataShape& wanted) {
  const auto each = [](const DataShape& shape) {
    auto sizes = shape.sizes(1);
    sizes.erase(sizes.begin());
    return sizes;
  };
  const auto got = each(shape_of(dataset)), want = each(wanted);
  if (got != want) {
    throw data_error(fmt::format("'{}' holds data of shape [{}], but {} was trained on [{}]", dataset.name,
                                 fmt::join(got, ", "), run.recipe().name, fmt::join(want, ", ")));
  }
}

}  // namespace belamy::cli
