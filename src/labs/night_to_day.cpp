// Retrieval across domains: pictures taken at night are to find their own among pictures taken by day, as they are,
// after histogram equalisation, and after a translation that was learned from other pictures without pairs.
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/recipe.h"

#include "evaluate/measure.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "metrics/gradient_histogram.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// Pictures by day in [0, 1]: dark letters on light ground, or characters.
Tensor day_pictures(const Dataset& set, bool letters) {
  const auto unit = data_tensor(set).to(torch::kFloat) / 255;
  return letters ? 1 - unit : unit;
}

// n pictures of a set, evenly spread.
Tensor some_of(const Tensor& all, std::int64_t n) {
  return all.index_select(0, evenly_spread(std::min(n, all.size(0)), all.size(0)));
}

class Night {
 public:
  Night(const Lab& lab)
      : generator_(at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")))),
        contrast_(lab.number("contrast")),
        noise_(lab.number("noise")),
        shift_(lab.integer("shift")) {}

  /// The same pictures at night: moved by up to `shift` pixels, dark, bluish, with a lamp and noise.
  Tensor of(const Tensor& day) {
    auto night = moved(day).pow(2.5) * contrast_;
    if (night.size(1) == 3) night = night * torch::tensor({0.7f, 0.85f, 1.3f}).view({1, 3, 1, 1});
    night = night + 0.6 * lamps(day.size(0), day.size(2), day.size(3));
    // Shot noise grows with the light; the sensor's own is always there.
    night = night + noise_ * (night.clamp_min(0).sqrt() + 0.3) * torch::randn(night.sizes(), generator_);
    return night.clamp(0, 1);
  }

 private:
  Tensor moved(const Tensor& day) {
    const auto height = day.size(2), width = day.size(3);
    const auto wide = at::replication_pad2d(day, {shift_, shift_, shift_, shift_});
    const auto by = torch::randint(2 * shift_ + 1, {day.size(0), 2}, generator_, torch::kLong);
    std::vector<Tensor> all;
    for (std::int64_t i = 0; i < day.size(0); ++i) {
      const auto down = by[i][0].item<std::int64_t>(), right = by[i][1].item<std::int64_t>();
      all.push_back(wide[i].narrow(1, down, height).narrow(2, right, width));
    }
    return torch::stack(all);
  }

  Tensor lamps(std::int64_t n, std::int64_t height, std::int64_t width) {
    const auto at = torch::rand({n, 2, 1, 1}, generator_);
    const auto y = torch::arange(height).view({1, -1, 1}), x = torch::arange(width).view({1, 1, -1});
    const auto down = y - at.select(1, 0) * static_cast<double>(height),
               right = x - at.select(1, 1) * static_cast<double>(width);
    const double size = static_cast<double>(std::min(height, width)) / 10;
    return (-(down.square() + right.square()) / (2 * size * size)).exp().unsqueeze(1);
  }

  at::Generator generator_;
  double contrast_, noise_;
  std::int64_t shift_;
};

// Each value becomes the share of values of its picture that are at most as large.
Tensor equalised(const Tensor& images) {
  std::vector<Tensor> all;
  for (const auto& image : images.unbind(0)) {
    const auto bytes = (image * 255).round().to(torch::kLong);
    const auto counts = torch::bincount(bytes.flatten(), {}, 256).to(torch::kFloat);
    const auto share = counts.cumsum(0) / static_cast<double>(image.numel());
    all.push_back(share.index_select(0, bytes.flatten()).view(image.sizes()));
  }
  return torch::stack(all);
}

Dataset set_of(const Tensor& unit, const std::string& name) {
  const auto bytes = (unit * 255).round().to(torch::kUInt8).contiguous();
  Dataset set{.name = name,
              .count = bytes.size(0),
              .channels = bytes.size(1),
              .height = bytes.size(2),
              .width = bytes.size(3)};
  set.pixels.assign(bytes.data_ptr<std::uint8_t>(), bytes.data_ptr<std::uint8_t>() + bytes.numel());
  return set;
}

struct Translation {
  Tensor day, night_again;
};

// Night -> day -> night by CycleGAN: A is night, B is day, and no picture is in both.
Translation translated(Lab& lab, Dataset night, Dataset day, const Tensor& queries) {
  night.others = {std::move(day)};
  const auto recipe =
      Recipe::parse("[model]\nname = \"cyclegan\"\n", "lab night-to-day",
                    {fmt::format("model.width={}", lab.integer("width")), "model.blocks=3",
                     "model.generator=" + lab.text("generator"),
                     fmt::format("model.discriminator_layers={}", lab.integer("judge_layers")),
                     fmt::format("train.steps={}", lab.integer("steps")), "train.batch=4",
                     fmt::format("train.seed={}", lab.integer("seed")),
                     "optimizer.generators.schedule=linear", "optimizer.generators.schedule_start=0.5"});
  Session session(*recipe, night, torch::kCPU);
  while (!session.finished()) {
    session.run_step();
    if (session.step() % 100 == 0)
      lab.say(fmt::format("step {} of {}", session.step(), session.total_steps()));
  }
  const ModelState::Evaluation evaluation(session.state());
  auto& translator = *session.state().model().translator();
  std::vector<Tensor> there, back;
  for (const auto& some : queries.split(50)) {
    there.push_back(translator.translate(some * 2 - 1, Direction::a2b));
    back.push_back(translator.translate(there.back(), Direction::b2a));
  }
  return {(torch::cat(there) + 1) / 2, (torch::cat(back) + 1) / 2};
}

}  // namespace

void night_to_day(Lab& lab) {
  DataOptions options;
  options.source = at_hand(lab.text("data"));
  options.size = 32;
  const bool letters = options.source == "glyphs";
  const auto train = day_pictures(load_dataset(options, Split::train), letters);
  const auto gallery =
      some_of(day_pictures(load_dataset(options, Split::test), letters), lab.integer("gallery"));

  Night night(lab);
  const auto examples = some_of(train, 2 * lab.integer("examples"));
  const auto half = examples.size(0) / 2;
  const auto even = torch::arange(half) * 2;
  const auto by_day = examples.index_select(0, even), by_night = night.of(examples.index_select(0, even + 1));
  const auto queries = night.of(gallery);
  lab.say("translating");
  const auto [made, back] = translated(lab, set_of(by_night, "night"), set_of(by_day, "day"), queries);
  const auto levelled = equalised(queries);

  LabTable table{{"night picture", "right at 1", "among 5", "right at 1 by pixels"}, {}};
  const auto known = gradient_histograms(gallery);
  const auto pixels_of = [](const Tensor& images) {
    const auto flat = images.flatten(1);
    const auto centred = flat - flat.mean(1, /*keepdim=*/true);
    return centred / (centred.norm(2, 1, /*keepdim=*/true) + 1e-6);
  };
  const auto first = [&](const std::string& name, const Tensor& images) {
    const auto seen = gradient_histograms(images);
    const double one = recall_at(1, seen, known), five = recall_at(5, seen, known),
                 by_pixels = recall_at(1, pixels_of(images), pixels_of(gallery));
    table.rows.push_back({name, fmt::format("{:.1f} %", 100 * one), fmt::format("{:.1f} %", 100 * five),
                          fmt::format("{:.1f} %", 100 * by_pixels)});
    return std::pair{one, five};
  };
  const auto [raw, raw_five] = first("as it is", queries);
  const auto [equal, equal_five] = first("histogram equalised", levelled);
  const auto [learned, learned_five] = first("translated to day", made);
  first("(the day picture itself)", gallery);
  lab.measure("itself", recall_at(1, known, known));
  lab.measure("night", raw);
  lab.measure("gain_of_translation", learned - raw);
  lab.measure("gain_among_five", learned_five - raw_five);
  lab.measure("gain_of_equalisation", equal - raw);
  lab.measure("light", (made.mean() - gallery.mean()).abs().item<double>());
  lab.measure("way_back", (back - queries).abs().mean().item<double>());

  lab.table("Found among the pictures by day",
            fmt::format(
                "{} pictures of `{}`; nearest by histograms of gradients, and by the correlation of pixels.",
                gallery.size(0), options.source),
            std::move(table));
  static constexpr std::int64_t shown = 10;
  const auto head = [](const Tensor& images) {
    return images.narrow(0, 0, std::min(shown, images.size(0))) * 2 - 1;
  };
  lab.picture("Night and day",
              "From above: by day, at night, histogram equalised, translated to day, translated back.",
              rows_picture({head(gallery), head(queries), head(levelled), head(made), head(back)},
                           std::min(shown, gallery.size(0))));
}

}  // namespace belamy::labs
