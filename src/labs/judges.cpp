// What figures that compare sets of images notice: blur, noise, salt and missing classes in four strengths, and the number of
// images itself.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <map>

#include "core/text.h"
#include "data/weights.h"
#include "evaluate/judge_network.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "metrics/classifier.h"
#include "metrics/evaluation.h"
#include "metrics/frechet.h"
#include "metrics/kernel_distance.h"
#include "metrics/precision_recall.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"

namespace belamy::labs {
namespace {

constexpr std::int64_t kSeenTogether = 32, kDroppedMost = 5;

using Eye = std::function<Tensor(const Tensor&)>;  // some images as bytes -> features on the CPU

Tensor blurred(const Tensor& bytes, double sigma) {
  const auto reach = static_cast<std::int64_t>(std::ceil(3 * sigma));
  const auto places = torch::arange(-reach, reach + 1, torch::kFloat);
  auto kernel = (-(places / sigma).square() / 2).exp();
  kernel = kernel / kernel.sum();
  auto x = bytes.to(torch::kFloat).flatten(0, 1).unsqueeze(1);
  x = at::replication_pad2d(x, {reach, reach, reach, reach});
  x = at::conv2d(at::conv2d(x, kernel.view({1, 1, 1, -1})), kernel.view({1, 1, -1, 1}));
  return x.round().clamp(0, 255).to(torch::kByte).view(bytes.sizes());
}

Tensor with_noise(const Tensor& bytes, double deviation, at::Generator& generator) {
  const auto x = bytes.to(torch::kFloat);
  return (x + deviation * torch::randn(x.sizes(), generator)).round().clamp(0, 255).to(torch::kByte);
}

// A share of the places becomes black or white, in all channels.
Tensor salted(const Tensor& bytes, double share, at::Generator& generator) {
  const auto draw = torch::rand({bytes.size(0), 1, bytes.size(2), bytes.size(3)}, generator);
  return bytes.masked_fill(draw < share / 2, 0).masked_fill(draw > 1 - share / 2, 255);
}

// The places of each image in an order of its own.
Tensor shuffled(const Tensor& bytes, at::Generator& generator) {
  const auto flat = bytes.flatten(2);
  const auto order =
      torch::rand({flat.size(0), 1, flat.size(2)}, generator).argsort(2, false).expand(flat.sizes());
  return flat.gather(2, order).view(bytes.sizes());
}

// EfficientNet-Lite0 where it is wanted and at hand, else a classifier that is trained on the data.
Eye eye_of(const Lab& lab, const Dataset& train, std::string& name) {
  const auto names = weights_names();
  if (lab.text("judge") == "lite0" && std::count(names.begin(), names.end(), "efficientnet-lite0") > 0) {
    const auto network = judge_network(JudgeNetwork::Kind::lite0, "", torch::kCPU);
    name = fmt::format("{} (images {})", network.title, network.resize);
    return [network](const Tensor& bytes) { return network.see(bytes); };
  }
  const auto images = data_tensor(train);
  const auto classifier = std::make_shared<FeatureClassifier>(
      images.size(1), images.size(2), static_cast<std::int64_t>(train.class_names.size()),
      ClassifierOptions{.epochs = lab.integer("judge_passes")});
  lab.say("training the judge");
  classifier->train(images, torch::tensor(train.labels));
  name = "a classifier trained on the data";
  return [classifier](const Tensor& bytes) { return classifier->features(bytes).cpu(); };
}

struct Judged {
  double frechet = 0, kernel = 0, kernel_deviation = 0;
  ManifoldScores manifold;
};

Judged judged(const Tensor& real, const Tensor& probe) {
  const auto kernel =
      kernel_distance(probe, real, {.subsets = 50, .size = std::min<std::int64_t>(1000, real.size(0) / 2)});
  return {frechet_distance(real, probe), kernel.mean, kernel.deviation, manifold_scores(real, probe)};
}

// The smallest step from one strength to the next, in units of the first value; above 0 where every step rises.
double smallest_rise(const std::vector<double>& values) {
  double least = values[1] - values[0];
  for (std::size_t i = 2; i < values.size(); ++i) least = std::min(least, values[i] - values[i - 1]);
  return least / values[0];
}

struct Damage {
  std::string name, unit;
  std::vector<double> strengths;
  std::function<Tensor(const Tensor&, double)> apply;
};

}  // namespace

void judges(Lab& lab) {
  const auto source = at_hand(lab.text("data"));
  const auto load = [&](Split split) {
    DataOptions options;
    options.source = source;
    return source == "glyphs" ? glyph_digits(28, split) : load_dataset(options, split);
  };
  const auto train = load(Split::train), test = load(Split::test);
  const auto seed = static_cast<std::uint64_t>(lab.integer("seed"));
  const auto n = std::min(lab.integer("images"), test.count / 2);
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);

  std::string eye_name;
  const auto eye = eye_of(lab, train, eye_name);
  const torch::NoGradGuard no_grad;  // not for the training of a judge
  const auto see = [&](const Tensor& images, const std::string& what) {
    std::vector<Tensor> parts;
    for (std::int64_t done = 0; done < images.size(0); done += kSeenTogether) {
      if (done % (10 * kSeenTogether) == 0) lab.say(fmt::format("{}: {} of {}", what, done, images.size(0)));
      parts.push_back(eye(images.narrow(0, done, std::min(kSeenTogether, images.size(0) - done))));
    }
    return torch::cat(parts);
  };
  const auto test_images = data_tensor(test), train_images = data_tensor(train);
  const auto halves_images = test_images.index_select(0, choose_rows(test_images, 2 * n, seed));
  const auto real_images = halves_images.narrow(0, 0, n);
  // Twice as many, so that enough are left where half of the classes are missing.
  const auto pool_rows = choose_rows(train_images, 2 * n, seed);
  const auto pool_images = train_images.index_select(0, pool_rows);
  const auto pool_labels = torch::tensor(train.labels).index_select(0, pool_rows);
  const auto probe_images = pool_images.narrow(0, 0, n);
  const auto both = see(halves_images, "real images"), pool = see(pool_images, "undamaged images");
  const auto real = both.narrow(0, 0, n);
  const auto probe = pool.narrow(0, 0, n);
  const auto clean = judged(real, probe);

  const std::vector<Damage> damages = {
      {"blur", "deviation in pixels", {0.4, 0.6, 0.9, 1.4}, blurred},
      {"noise",
       "deviation in levels of 255",
       {8, 16, 32, 64},
       [&](const Tensor& x, double s) { return with_noise(x, s, generator); }},
      {"salt",
       "share of places",
       {0.01, 0.03, 0.1, 0.3},
       [&](const Tensor& x, double s) { return salted(x, s, generator); }},
      {"missing classes", "of ten", {1, 2, 3, static_cast<double>(kDroppedMost)}, {}}};
  LabTable table{{"damage", "strength", "Frechet distance", "kernel distance", "precision", "density",
                  "recall", "coverage"},
                 {}};
  const auto add = [&](const std::string& damage, const std::string& strength, const Judged& j) {
    table.rows.push_back({damage, strength, fmt::format("{:.4g}", j.frechet),
                          fmt::format("{:.3g} ± {:.2g}", j.kernel, j.kernel_deviation),
                          fmt::format("{:.3f}", j.manifold.precision),
                          fmt::format("{:.3f}", j.manifold.density), fmt::format("{:.3f}", j.manifold.recall),
                          fmt::format("{:.3f}", j.manifold.coverage)});
  };
  add("none", "", clean);
  LabChart ranking{
      {"strength, 0: undamaged", false}, {"Frechet distance over that of undamaged images", true}, {}, {}};
  std::map<std::string, std::vector<Judged>> found;
  std::vector<Tensor> shown = {real_images.narrow(0, 0, 8)};
  for (const auto& damage : damages) {
    auto& all = found[damage.name] = {clean};
    for (const auto strength : damage.strengths) {
      const auto what = fmt::format("{} {}", damage.name, strength);
      lab.say(what);
      if (damage.apply) {
        const auto images = damage.apply(probe_images, strength);
        if (strength == damage.strengths.back()) shown.push_back(images.narrow(0, 0, 8));
        all.push_back(judged(real, see(images, what)));
      } else {
        const auto rows = (pool_labels >= static_cast<std::int64_t>(strength)).nonzero().squeeze(1);
        all.push_back(judged(real, pool.index_select(0, rows.narrow(0, 0, std::min(n, rows.size(0))))));
      }
      add(damage.name, fmt::format("{:g} ({})", strength, damage.unit), all.back());
    }
    LabSeries series{damage.name, {}, {}};
    std::vector<double> distances;
    for (std::size_t i = 0; i < all.size(); ++i) {
      distances.push_back(all[i].frechet);
      series.x.push_back(static_cast<double>(i));
      series.y.push_back(all[i].frechet / clean.frechet);
    }
    ranking.series.push_back(series);
    lab.measure(damage.name == "missing classes" ? "classes" : damage.name, smallest_rise(distances));
  }
  const auto& dropped = found["missing classes"].back().manifold;
  lab.measure("diversity",
              std::min(clean.manifold.recall - dropped.recall, clean.manifold.coverage - dropped.coverage));
  lab.measure("fidelity", std::min(dropped.precision - clean.manifold.precision,
                                   dropped.density - clean.manifold.density));

  // Self-tests: what is known beforehand. The halves are draws from one distribution, and each has more images than features.
  const auto halves = judged(real, both.narrow(0, n, n));
  lab.say("shuffled pixels");
  const auto wild = frechet_distance(real, see(shuffled(real_images, generator), "shuffled pixels"));
  lab.measure("same", frechet_distance(real, real) / clean.frechet);
  lab.measure("halves", halves.frechet / wild);
  lab.measure("kernel", std::abs(halves.kernel) / halves.kernel_deviation);
  lab.measure("coverage", halves.manifold.coverage - coverage_of_equals(n, n));

  // Real images against real ones: only their number differs.
  LabChart bias{
      {"number of images on each side", true}, {"distance between two sets of real images", false}, {}, {}};
  LabSeries by_frechet{"Frechet distance", {}, {}};
  LabTable numbers{{"images", "Frechet distance", "kernel distance"}, {}};
  for (std::int64_t count = std::max<std::int64_t>(8, n / 16); count <= n; count *= 2) {
    const auto a = real.narrow(0, 0, count), b = probe.narrow(0, 0, count);
    const auto kernel = kernel_distance(a, b, {.subsets = 50, .size = std::max<std::int64_t>(2, count / 2)});
    by_frechet.x.push_back(static_cast<double>(count));
    by_frechet.y.push_back(frechet_distance(a, b));
    numbers.rows.push_back({format_count(count), fmt::format("{:.4g}", by_frechet.y.back()),
                            fmt::format("{:.2g} ± {:.2g}", kernel.mean, kernel.deviation)});
  }
  lab.measure("bias", by_frechet.y.front() / by_frechet.y.back());
  bias.series.push_back(by_frechet);

  lab.chart(
      "Four kinds of damage",
      fmt::format("Judged by {}; {} against {}.", eye_name, counted(n, "image"), counted(n, "test image")),
      std::move(ranking));
  lab.table(
      "All figures",
      "*Kernel distance*: mean and standard deviation over 50 subsets. The figures for k = 5 neighbours.",
      std::move(table));
  lab.chart("The number of images", "Two sets of real images, from the training and from the test set.",
            std::move(bias));
  lab.table("The number of images",
            "The kernel distance has no bias; it only scatters more for fewer images.", std::move(numbers));
  lab.picture("Damage", "Real images; then the greatest blur, noise and salt.",
              image_grid(to_model_range(torch::cat(shown)), 8));
}

}  // namespace belamy::labs
