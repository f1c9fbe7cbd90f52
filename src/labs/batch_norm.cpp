// How much a sample depends on the rest of its batch: one layer against a formula, then generators with each
// kind of norm.
#include <cmath>

#include "belamy/recipe.h"

#include "data/synthetic.h"
#include "labs/lab.h"
#include "labs/line.h"
#include "labs/one_thread.h"
#include "labs/perceptron.h"
#include "nn/norm.h"
#include "pictures/grids.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

/// Variance of the first of n normal features after batch norm, at a fixed value before it. Every channel is
/// a separate batch.
double layer_variance(double fixed, std::int64_t n, std::int64_t batches, at::Generator generator) {
  nn::Norm norm("batch", batches);
  auto x = torch::randn({n, batches}, generator);
  x[0].fill_(fixed);
  const torch::NoGradGuard no_grad;
  return norm.forward(x)[0].to(torch::kFloat64).var().item<double>();
}

void measure_layer(Lab& lab, at::Generator generator) {
  const auto batches = lab.integer("batches");
  LabChart chart{{"value before the layer"}, {"variance after it, at that value", true}, {}, {}};
  double worst = 0;
  for (const std::int64_t n : {8, 64, 512}) {
    LabSeries found{fmt::format("measured, n = {}", n), {}, {}, LabSeries::Style::points};
    const auto expected = [n](double x) { return (1 + x * x / 2) / static_cast<double>(n); };
    for (const double x : places(-2, 2, 9)) {
      found.x.push_back(x);
      found.y.push_back(layer_variance(x, n, batches, generator));
      if (n == 512) worst = std::max(worst, std::abs(found.y.back() / expected(x) - 1));
    }
    chart.series.push_back(found);
    chart.series.push_back(curve(fmt::format("(1 + x²/2) / {}", n), places(-2, 2, 41), expected, true));
  }
  lab.measure("layer", worst);
  lab.chart(
      "One layer",
      "One feature stays fixed while the rest of its batch is drawn anew. The formula is of first order in "
      "$1/n$: at $n = 8$ it is too large.",
      std::move(chart));
}

/// Real features around +1, generated ones around -1, together and apart: the distance of their means after
/// the norm.
void measure_halves(Lab& lab, at::Generator generator) {
  const torch::NoGradGuard no_grad;
  const std::int64_t n = 100'000;
  const auto real = torch::randn({n, 1}, generator) + 1, fake = torch::randn({n, 1}, generator) - 1;
  nn::Norm norm("batch", 1);
  const auto together = norm.forward(at::cat({real, fake}));
  lab.measure("together", (together.narrow(0, 0, n).mean() - together.narrow(0, n, n).mean()).item<double>());
  lab.measure("apart", std::abs((norm.forward(real).mean() - norm.forward(fake).mean()).item<double>()));
}

std::unique_ptr<Recipe> recipe_for(const Lab& lab, const std::string& model, const std::string& norm) {
  std::vector<std::string> settings = {
      "model.generator_norm=" + norm,
      "model.latent=16",
      fmt::format("model.reference_batch={}", lab.integer("reference_size")),
      fmt::format("train.steps={}", lab.integer("steps")),
      fmt::format("train.batch={}", lab.integer("batch_size")),
      fmt::format("train.seed={}", lab.integer("seed")),
  };
  if (model == "dcgan") {
    settings.push_back(fmt::format("model.width={}", lab.integer("width")));
  } else {
    settings.insert(settings.end(),
                    {"model.generator=[64, 64]", "model.discriminator=[64, 64]", "model.dropout=0"});
  }
  return Recipe::parse("[model]\nname = \"" + model + "\"\n", "the lab batch-norm", settings);
}

/// Data [companies, latents, ...] of the same latents, each in batches of `n` with new companions.
Tensor in_company(Session& session, std::int64_t n, std::int64_t latents, std::int64_t companies) {
  auto& model = session.state().model();
  auto& decoder = *model.decoder();
  model.train();  // in evaluation batch norm would use running averages
  const torch::NoGradGuard no_grad;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
  const auto fixed = decoder.draw_latent(latents, generator);
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < companies; ++i) {
    std::vector<Tensor> row;
    for (std::int64_t k = 0; k < latents; ++k) {
      auto z = decoder.draw_latent(n, generator);
      z[0].copy_(fixed[k]);
      row.push_back(decoder.decode(z)[0]);
    }
    rows.push_back(at::stack(row));
  }
  return at::stack(rows);
}

/// Share of the values' variance that companions cause.
double companions_share(const Tensor& data) {
  const auto values = data.flatten(2).to(torch::kFloat64);  // [companies, latents, values]
  const double within = values.var(0, true).mean().item<double>();
  return within / values.flatten(0, 1).var(0, true).mean().item<double>();
}

}  // namespace

void batch_norm(Lab& lab) {
  const OneThread one_thread;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(static_cast<std::uint64_t>(lab.integer("seed")));
  measure_layer(lab, generator);
  measure_halves(lab, generator);

  DataOptions options;
  options.limit = 2000;
  options.size = 16;
  const std::map<std::string, Dataset> data = {{"gan", make_synthetic("ring", 2000, 1)},
                                               {"dcgan", load_dataset(options, Split::train)}};
  const auto n = lab.integer("batch_size"), companies = lab.integer("companies");
  LabTable table{{"norm in the generator", "`gan` on points", "`dcgan` on images"}, {}};
  LabChart larger{{"batch size", true}, {"share of variance from companions", true}, {}, {}};
  double others = 0;
  for (const std::string kind : {"batch", "reference", "virtual", "instance", "layer"}) {
    std::vector<std::string> row = {kind};
    for (const std::string model : {"gan", "dcgan"}) {
      if (model == "gan" && kind == "instance") {
        row.push_back("needs pixels");
        continue;
      }
      lab.say(fmt::format("training {} with {} norm", model, kind));
      const auto recipe = recipe_for(lab, model, kind);
      Session session(*recipe, data.at(model), torch::kCPU);
      while (!session.finished()) session.run_step();
      const auto made = in_company(session, n, 16, companies);
      const double share = companions_share(made);
      row.push_back(fmt::format("{:.3g}", share));
      if (model == "dcgan" && (kind == "batch" || kind == "virtual")) {
        const auto few = made.narrow(0, 0, std::min<std::int64_t>(4, companies)).narrow(1, 0, 8);
        lab.picture("The same eight latents in four batches: " + kind + " norm", "A row is a batch.",
                    image_grid(few.flatten(0, 1), 8));
      }
      if (kind != "batch") {
        others = std::max(others, share);
        continue;
      }
      lab.measure("share-" + model, share);
      LabSeries measured{model, {}, {}};
      std::map<std::int64_t, double> shares;
      for (const std::int64_t size : {4, 8, 16, 32, 64}) {
        shares[size] = companions_share(in_company(session, size, 16, companies));
        measured.x.push_back(static_cast<double>(size));
        measured.y.push_back(shares[size]);
      }
      larger.series.push_back(measured);
      lab.measure("fall-" + model, shares[8] / shares[64]);
    }
    table.rows.push_back(row);
  }
  lab.measure("others", others);
  larger.series.push_back(curve(
      "3 / (2n)", places(4, 64, 31), [](double x) { return 1.5 / x; }, true));
  lab.table("Share of the variance that companions cause", "", std::move(table));
  lab.chart("Larger batches", "The dashed line is a single layer on normal features.", std::move(larger));
}

}  // namespace belamy::labs
