#include "cli/outputs.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <numeric>
#include <set>
#include <torch/types.h>

#include "belamy/error.h"

#include "cli/verbs.h"
#include "core/env.h"
#include "data/npz.h"
#include "train/batches.h"
#include "train/pictures.h"
#include "train/point_pictures.h"

namespace belamy::cli {

Output Output::parse(const std::string& text) {
  const fs::path path(text);
  const auto ending = path.extension().string();
  if (ending == ".png") return {Kind::png, path};
  if (ending == ".npz") return {Kind::npz, path};
  if (text.back() == '/' || ending.empty()) return {Kind::folder, path};
  throw usage_error(fmt::format("--out {}: no format is called '{}'", text, ending),
                    "use F.png for a grid, F.npz for arrays, DIR/ for one PNG each");
}

fs::path folder_argument(const std::string& text, const std::string& option) {
  static const std::set<std::string> files = {".png", ".jpg",  ".jpeg", ".webp", ".npz",        ".csv",
                                              ".zip", ".toml", ".html", ".json", ".safetensors"};
  const fs::path path(text);
  if (files.count(path.extension().string()) > 0 && !fs::is_directory(path)) {
    throw usage_error(
        fmt::format("{} {}: a folder is made here, and this is the name of a file", option, text),
        fmt::format("use {} {}/", option, fs::path(text).replace_extension().string()));
  }
  return path;
}

void Output::write(const Tensor& data, const Tensor& labels) const {
  auto& env = Env::real();
  const bool images = data.dim() == 4;
  if (kind_ != Kind::folder && path_.has_parent_path()) env.create_folders(path_.parent_path());
  if (kind_ == Kind::npz) {
    const auto array =
        images ? to_bytes(data).permute({0, 2, 3, 1}).contiguous() : data.contiguous();  // [N, H, W, C]
    write_atomically(env, path_,
                     encode_npz(images ? "images" : "points", array.data_ptr(), array.sizes().vec(), images,
                                labels.defined() ? std::vector<std::int64_t>(
                                                       labels.data_ptr<std::int64_t>(),
                                                       labels.data_ptr<std::int64_t>() + labels.numel())
                                                 : std::vector<std::int64_t>{}));
    return;
  }
  if (!images) {
    if (kind_ == Kind::folder)
      throw usage_error("points make no folder of pictures", "use --out F.npz or F.png");
    write_atomically(env, path_, encode_png(points_picture(data, {})));
    return;
  }
  if (kind_ == Kind::png) {
    write_atomically(env, path_, encode_png(image_grid(data)));
    return;
  }
  env.create_folders(path_);
  const auto all = to_images(data);
  for (std::size_t i = 0; i < all.size(); ++i) {
    write_atomically(env, path_ / fmt::format("{:06d}.png", i), encode_png(all[i]));
  }
}

void write_output(const fs::path& path, std::string_view bytes) {
  if (path.has_parent_path()) Env::real().create_folders(path.parent_path());
  write_atomically(Env::real(), path, bytes);
}

std::vector<std::int64_t> ranked(const Tensor& values) {
  const auto* value = values.data_ptr<double>();
  std::vector<std::int64_t> order(static_cast<std::size_t>(values.numel()));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto finite =
      std::stable_partition(order.begin(), order.end(), [&](auto i) { return std::isfinite(value[i]); });
  std::stable_sort(order.begin(), finite, [&](auto a, auto b) { return value[a] > value[b]; });
  if (finite != order.end())
    warn(fmt::format("{} values are no finite numbers; they come last", order.end() - finite));
  return order;
}

void tell_ranks(const Dataset& set, const Tensor& values, const std::vector<std::int64_t>& order,
                const std::string& column, std::int64_t show, const std::string& out) {
  const auto* value = values.data_ptr<double>();
  std::string csv = "rank," + column + ",name,label\n";
  std::int64_t rank = 0;
  for (const auto place : order) {
    const auto i = static_cast<std::size_t>(place);
    const auto name = set.names.empty() ? fmt::format("point {}", i) : set.names[i];
    const auto label = set.labels.empty() ? "" : set.class_names.at(static_cast<std::size_t>(set.labels[i]));
    if (++rank <= show) fmt::print("{:>6} {:>12.5g}  {}  {}\n", rank, value[i], name, label);
    csv += fmt::format("{},{},{},{}\n", rank, value[i], quoted(name), quoted(label));
  }
  if (out.empty()) return;
  write_output(out, csv);
  fmt::print("all ranks in {}\n", out);
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

Tensor tensor_of(const Image& image) {
  return torch::from_blob(const_cast<std::uint8_t*>(image.pixels.data()),
                          {image.height, image.width, image.channels}, torch::kByte)
      .permute({2, 0, 1})
      .clone(torch::MemoryFormat::Contiguous);  // contiguous() would still be the image's own memory for gray
}

DataOptions fitted_options(const Run& run, const std::string& data) {
  auto options = run.recipe().data;
  if (!data.empty()) {
    // The user's data are one domain, whatever the run learnt from.
    options.source = data;
    options.target.clear();
    options.pairs = "none";
    options.unpaired = false;
  }
  if (run.shape().is_images()) ask_for(options, run.shape());
  return options;
}

void check_fits(const Run& run, const Dataset& dataset) {
  const auto each = [](const DataShape& shape) {
    auto sizes = shape.sizes(1);
    sizes.erase(sizes.begin());
    return sizes;
  };
  const auto got = each(shape_of(dataset)), want = each(run.shape());
  if (got != want) {
    throw data_error(fmt::format("'{}' holds data of shape [{}], but {} was trained on [{}]", dataset.name,
                                 fmt::join(got, ", "), run.recipe().name, fmt::join(want, ", ")));
  }
}

}  // namespace belamy::cli
