// One-shot trials without training: the cosine and distance of pixels, the Hausdorff distance of ink.
#include "metrics/one_shot.h"

#include <fmt/format.h>

#include "core/text.h"
#include "data/one_shot_trials.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/line.h"
#include "metrics/pairwise.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"

namespace belamy::labs {
namespace {

// The images with a white border, [N, side, side] in bytes, moved down and to the right by some pixels.
Tensor framed(const Tensor& images, std::int64_t by, std::int64_t room) {
  return at::constant_pad_nd(images.squeeze(1), {by, room - by, by, room - by}, 255);
}

Trials trials_of(Lab& lab, const std::string& source) {
  DataOptions options;
  options.source = source;
  options.size = lab.integer("size");
  if (source == "omniglot") return read_trials(find_official_trials(source), options);
  auto data = load_dataset(options, Split::test);
  for (auto& value : data.pixels) value = static_cast<std::uint8_t>(255 - value);  // ink is dark
  auto episodes = draw_trials(data, {}, lab.integer("episodes"), lab.integer("seed"));
  return {std::move(data), std::move(episodes)};
}

}  // namespace

void one_shot(Lab& lab) {
  const auto source = at_hand(lab.text("data"));
  const auto trials = trials_of(lab, source);
  const auto images = data_tensor(trials.data);
  const auto room = lab.integer("moved");

  struct Way {
    std::string name;
    std::function<Tensor(const Tensor&, const Tensor&)> similarity;
    std::vector<Tensor> right = {}, right_moved = {};
  };
  std::vector<Way> ways = {
      {"cosine of all pixels", pixel_cosines},
      {"Euclidean distance of pixels",
       [](const Tensor& a, const Tensor& b) {
         const auto flat = [](const Tensor& x) { return x.flatten(1).to(torch::kDouble); };
         return -squared_distances(flat(a), flat(b));
       }},
      {"modified Hausdorff distance of ink",
       [](const Tensor& a, const Tensor& b) { return -modified_hausdorff(a, b); }},
  };
  std::int64_t changed = 0;
  for (const auto& episode : trials.episodes) {
    lab.say(fmt::format("episode {} of {}", ways[0].right.size() + 1, trials.episodes.size()));
    const auto of = [&](const std::vector<std::int64_t>& places, std::int64_t by) {
      return framed(images.index_select(0, torch::tensor(places)), by, room);
    };
    const auto known = of(episode.support, 0), queries = of(episode.queries, 0),
               moved = of(episode.queries, room);
    const auto wanted = torch::tensor(episode.query_classes),
               classes = torch::tensor(episode.support_classes);
    for (auto& way : ways) {
      way.right.push_back(most_alike_is_right(way.similarity(queries, known), wanted, classes));
      way.right_moved.push_back(most_alike_is_right(way.similarity(moved, known), wanted, classes));
    }
    changed += (ways[2].right.back() != ways[2].right_moved.back()).sum().item<std::int64_t>();
  }

  LabTable table{{"the answer is the nearest by", "right", "standard error", "questions moved"}, {}};
  std::vector<OneShot> found;
  for (const auto& way : ways) {
    found.push_back(one_shot_accuracy(way.right));
    const auto moved = one_shot_accuracy(way.right_moved).accuracy;
    table.rows.push_back({way.name, fmt::format("{:.2f} %", 100 * found.back().accuracy),
                          fmt::format("{:.2f} %", 100 * found.back().standard_error),
                          fmt::format("{:.2f} %", 100 * moved)});
  }
  if (source == "omniglot" && lab.integer("size") == 0) {
    lab.measure("cosine", found[0].accuracy);
    lab.measure("euclid", found[1].accuracy);
    lab.measure("hausdorff_error", 1 - found[2].accuracy);
  } else {
    for (const char* key : {"cosine", "euclid", "hausdorff_error"}) lab.skip(key);
  }
  lab.measure("error_bar", found[0].standard_error);
  lab.measure("chance", found[0].accuracy * static_cast<double>(trials.episodes[0].support.size()));
  lab.measure("moved_hausdorff", static_cast<double>(changed) / static_cast<double>(trials.count()));
  lab.measure("moved_cosine", found[0].accuracy - one_shot_accuracy(ways[0].right_moved).accuracy);

  lab.table("Right answers", fmt::format("{} of `{}`.", counted(trials.count(), "trial"), source),
            std::move(table));
  const auto row = [&](const std::vector<std::int64_t>& places) {
    return to_model_range(images.index_select(0, torch::tensor(places)));
  };
  const auto& first = trials.episodes[0];
  lab.picture("The first run", "Above the known images, below the questions.",
              image_grid(at::cat({row(first.support), row(first.queries)}),
                         static_cast<std::int64_t>(first.support.size())));
}

}  // namespace belamy::labs
