// A rare group without labels: digits of which a few lie on their side. A debiasing VAE shows data with rare
// codes more often; the lab measures how that changes the errors on both groups.
#include "belamy/recipe.h"

#include "core/random.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/perceptron.h"
#include "models/shared/latent_histogram.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

// Rotates image `row` by 90 degrees.
void turn(Dataset& data, std::int64_t row) {
  const auto side = data.width;
  const auto first = data.pixels.begin() + row * side * side;
  const std::vector<std::uint8_t> upright(first, first + side * side);
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      *(first + x * side + side - 1 - y) = upright[static_cast<std::size_t>(y * side + x)];
    }
  }
}

struct Groups {
  Dataset data;
  Tensor rare;  // [N] bool
};

// Digits of which the share `rare` lies on its side, chosen by `seed`.
Groups mixed(const Dataset& digits, double rare, std::int64_t seed) {
  Groups groups{digits, {}};
  Random random(static_cast<std::uint64_t>(seed));
  std::vector<std::int64_t> flags;
  for (std::int64_t i = 0; i < digits.count; ++i) {
    flags.push_back(random.uniform() < rare);
    if (flags.back()) turn(groups.data, i);
  }
  groups.rare = torch::tensor(flags).to(torch::kBool);
  return groups;
}

struct DebiasOutcome {
  double common = 0, rare = 0;  // errors, shares
  double shown = 0;             // share of the rare among the training rows
  Tensor before, after;         // [bins], shares of the first dimension's histogram
};

DebiasOutcome train(const Lab& lab, const Dataset& upright, const Dataset& test, std::int64_t seed,
                    bool resample) {
  const auto groups = mixed(upright, lab.number("rare"), seed);
  const std::vector<std::string> settings = {
      fmt::format("model.resample={}", resample),
      fmt::format("model.alpha={}", lab.number("alpha")),
      fmt::format("model.code={}", lab.integer("code")),
      fmt::format("model.hidden=[{}]", lab.integer("width")),
      fmt::format("train.steps={}", lab.integer("steps")),
      fmt::format("train.batch={}", lab.integer("batch")),
      fmt::format("train.seed={}", seed),
      "optimizer.vae.schedule=cosine",
  };
  const auto recipe = Recipe::parse("[model]\nname = \"debiasing-vae\"\n", "the lab debias", settings);
  Session session(*recipe, groups.data, torch::kCPU);
  while (!session.finished()) session.run_step();

  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  DebiasOutcome outcome;
  const auto wrong = [&](const Dataset& data) {
    const auto said = model.classifier()->classify(to_model_range(data_tensor(data))).argmax(1);
    return (said != torch::tensor(data.labels)).to(torch::kFloat64).mean().item<double>();
  };
  outcome.common = wrong(test);
  outcome.rare = wrong(mixed(test, 1, 1).data);

  const auto codes = model.encoder()->encode(to_model_range(data_tensor(groups.data)));
  for (const auto& item : model.named_modules()) {
    const auto* histogram = item.value()->as<models::LatentHistogram>();
    if (!histogram) continue;
    (item.key() == "before" ? outcome.before : outcome.after) = histogram->shares()[0].clone();
    if (item.key() != "before") continue;
    const auto weights = resample ? histogram->weights(codes, lab.number("alpha"))
                                  : torch::full({codes.size(0)}, 1 / static_cast<double>(codes.size(0)));
    outcome.shown = at::masked_select(weights, groups.rare).sum().item<double>();
  }
  return outcome;
}

LabSeries histogram_of(const std::string& name, const Tensor& shares) {
  LabSeries series{name, {}, values_of(shares), LabSeries::Style::steps};
  for (std::size_t i = 0; i < series.y.size(); ++i) {
    series.x.push_back(-4 + 8 * (static_cast<double>(i) + 0.5) / static_cast<double>(series.y.size()));
  }
  return series;
}

}  // namespace

void debias(Lab& lab) {
  const auto upright = glyph_digits(16, Split::train), test = glyph_digits(16, Split::test);
  const auto seeds = lab.integer("seeds");
  DebiasOutcome plain, fair;  // sums over seeds
  LabTable table{{"seed", "rows drawn", "error on upright digits", "error on digits that lie",
                  "share of lying digits shown"},
                 {}};
  const auto percent = [](double share) { return fmt::format("{:.1f} %", 100 * share); };
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
    for (const bool resample : {false, true}) {
      lab.say(fmt::format("seed {} of {}, {}", seed, seeds, resample ? "resampled" : "as they come"));
      const auto outcome = train(lab, upright, test, seed, resample);
      auto& sum = resample ? fair : plain;
      sum.common += outcome.common;
      sum.rare += outcome.rare;
      sum.shown += outcome.shown;
      table.rows.push_back({std::to_string(seed), resample ? "rare codes more often" : "as they come",
                            percent(outcome.common), percent(outcome.rare), percent(outcome.shown)});
      if (resample && seed == 1) {
        lab.chart("Codes before and after the rows are drawn again",
                  "The running histogram of the first dimension of the code, seed 1.",
                  {{"z₁"},
                   {"share"},
                   {histogram_of("data as they come", outcome.before),
                    histogram_of("rows that are trained on", outcome.after)}});
      }
    }
  }
  const auto some = mixed(upright, lab.number("rare"), 1);
  lab.picture("The training data", "A few digits lie on their side; no label says which.",
              image_grid(to_model_range(data_tensor(some.data)).narrow(0, 0, 120), 20));
  lab.table("Errors on both groups", "Of 980 test digits, once upright and once all lying.",
            std::move(table));
  lab.measure("shown", fair.shown / plain.shown);
  lab.measure("rare", fair.rare / plain.rare);
  const double n = static_cast<double>(seeds), cost = (fair.common - plain.common) / n;
  lab.measure("common", cost);
  lab.measure("gain", (plain.rare - fair.rare) / n - cost);
  lab.measure("bias", (plain.rare - plain.common) / n);
}

}  // namespace belamy::labs
