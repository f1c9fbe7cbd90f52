// The Parzen window estimate without a model: of training images, and of their cluster centres.
#include <fmt/format.h>

#include "core/text.h"
#include "labs/lab.h"
#include "metrics/clustering.h"
#include "metrics/parzen.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"

namespace belamy::labs {
namespace {

constexpr std::int64_t kValidation = 1000;

// [N, C, H, W] in [0, 1].
Tensor images_of(const DataOptions& options, Split split) {
  return data_tensor(load_dataset(options, split)).to(torch::kFloat) / 255;
}

Tensor pictures(const Tensor& images) {
  return images.narrow(0, 0, std::min<std::int64_t>(32, images.size(0))) * 2 - 1;
}

}  // namespace

void parzen_anchors(Lab& lab) {
  DataOptions options;
  options.source = lab.text("data");
  if (options.source == "glyphs") options.size = 16;
  const auto train = images_of(options, Split::train), test = images_of(options, Split::test);
  // As in the published code: the samples come first, the validation images from the last ten thousand.
  const auto rest = std::min<std::int64_t>(10000, train.size(0) / 2);
  const auto learnt = train.narrow(0, 0, train.size(0) - rest);
  const auto validation = train.narrow(0, train.size(0) - rest, std::min(kValidation, rest));

  LabTable table{{"in place of samples", "number", "width", "nats", "standard error"}, {}};
  const auto add = [&](const std::string& name, const Tensor& centres, const std::vector<double>& widths) {
    lab.say("measuring " + name);
    const auto found = parzen_estimate(centres, validation, test, widths);
    table.rows.push_back({name, std::to_string(centres.size(0)), fmt::format("{:.5f}", found.sigma),
                          fmt::format("{:.1f}", found.mean), fmt::format("{:.1f}", found.standard_error)});
    return found;
  };
  const auto centres_of = [&](std::int64_t count) {
    lab.say(fmt::format("k-means with {} centroids", count));
    const auto found = k_means(train.flatten(1), std::min(count, train.size(0)),
                               {.iterations = lab.integer("steps"),
                                .plus_plus = false,
                                .seed = static_cast<std::uint64_t>(lab.integer("seed"))});
    return found.centres.view({-1, train.size(1), train.size(2), train.size(3)});
  };

  const auto samples = learnt.narrow(0, 0, std::min(lab.integer("samples"), learnt.size(0)));
  const auto real = add("training images", samples, parzen_widths());
  lab.measure("width_found", real.sigma);
  lab.measure("real", real.mean);
  const auto few = centres_of(lab.integer("centroids"));
  const auto by_few = add("k-means centroids", few, {lab.number("width")});
  lab.measure("centroids", by_few.mean);
  const auto many = centres_of(lab.integer("many"));
  const auto by_many = add("k-means centroids", many, parzen_widths());
  lab.measure("many", by_many.mean);
  lab.measure("lead", std::max(by_few.mean, by_many.mean) - real.mean);

  // The same images, moved by one pixel: invisible to the eye, but not to the estimate.
  const auto moved = torch::roll(samples, 1, 3);
  const auto by_moved = add("training images, moved by one pixel", moved, {real.sigma});
  lab.measure("moved", real.mean - by_moved.mean);

  lab.table("The estimate", "On " + counted(test.size(0), "test image") + ".", std::move(table));
  lab.picture("Training images", "", image_grid(pictures(samples), 16));
  lab.picture("Centroids",
              "The mean of a cluster is blurred, and closer to more test images than any single image.",
              image_grid(pictures(few), 16));
  LabChart chart{{"width of the window", true}, {"nats, mean over the validation images"}, {}, {}};
  LabSeries by_images{"training images", {}, {}}, by_centroids{"k-means centroids", {}, {}};
  for (const double width : parzen_widths()) {
    if (width > 0.5) break;
    by_images.x.push_back(width);
    by_images.y.push_back(parzen_log_likelihood(validation, samples, width).mean().item<double>());
    by_centroids.x.push_back(width);
    by_centroids.y.push_back(parzen_log_likelihood(validation, few, width).mean().item<double>());
  }
  chart.series = {std::move(by_images), std::move(by_centroids)};
  lab.chart("The width decides", "The width with the highest value is used.", std::move(chart));
}

}  // namespace belamy::labs
