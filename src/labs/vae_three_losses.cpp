// A VAE with a code in the plane, trained three times: with the reconstruction term alone, with the KL term
// alone, and with both. Measures both terms on the test set and shows where the codes are.
#include <cmath>

#include "belamy/recipe.h"

#include "core/text.h"
#include "labs/lab.h"
#include "labs/lab_data.h"
#include "labs/perceptron.h"
#include "models/shared/variational.h"
#include "pictures/grids.h"
#include "tensors/dataset_tensors.h"
#include "tensors/image_tensors.h"
#include "train/session.h"

namespace belamy::labs {
namespace {

struct LossOutcome {
  double reconstruction = 0, kl = 0;  // means over the test set, nats
  double aggregate_kl = 0;            // of all codes together, as one Gaussian, nats
  Tensor codes;                       // [N, 2], one draw for each test image
  double negative_elbo() const { return reconstruction + kl; }
};

// Negative log-likelihood of the test images under the pixels' means over the training images: the best value
// of a decoder without information about the image.
double factorised_floor(const Tensor& train, const Tensor& test) {
  const auto p = models::to_unit(train).mean(0, true).clamp(1e-6, 1 - 1e-6);
  const auto x = models::to_unit(test);
  return -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1).mean().item<double>();
}

// KL(N(mean, covariance) || N(0, 1)) of the aggregate of all q(z|x), by its two moments.
double aggregate_kl(const models::GaussianCode& code) {
  const auto mean = code.mean.to(torch::kFloat64), variance = code.log_variance.to(torch::kFloat64).exp();
  const auto centre = mean.mean(0), from_centre = mean - centre;
  const auto covariance =
      at::mm(from_centre.t(), from_centre) / static_cast<double>(mean.size(0)) + at::diag(variance.mean(0));
  const auto twice =
      covariance.trace() + centre.square().sum() - static_cast<double>(mean.size(1)) - at::logdet(covariance);
  return twice.item<double>() / 2;
}

LossOutcome judge(Session& session, const Tensor& test) {
  const ModelState::Evaluation evaluation(session.state());
  auto& model = dynamic_cast<models::Variational&>(session.state().model());
  auto generator = at::make_generator<at::CPUGeneratorImpl>(16);
  const auto pixels = models::from_unit(at::bernoulli(models::to_unit(test).clamp(0, 1), generator));
  const auto found = model.evidence(pixels, generator);
  return {-found.log_likelihood.mean().item<double>(), found.kl.mean().item<double>(),
          aggregate_kl(found.code), found.code.draw(generator)};
}

// The codes, one series for each class.
LabChart scatter(const Tensor& codes, const Dataset& test) {
  LabChart chart{{"z₁"}, {"z₂"}, {}, {}, true};
  const auto values = codes.contiguous();
  const auto* at = values.data_ptr<float>();
  for (std::size_t k = 0; k < test.class_names.size(); ++k) {
    LabSeries series{test.class_names[k], {}, {}, LabSeries::Style::points};
    for (std::size_t i = 0; i < test.labels.size() && series.x.size() < 120; ++i) {
      if (test.labels[i] != static_cast<std::int64_t>(k)) continue;
      series.x.push_back(at[2 * i]);
      series.y.push_back(at[2 * i + 1]);
    }
    chart.series.push_back(series);
  }
  return chart;
}

}  // namespace

void vae_three_losses(Lab& lab) {
  const auto source = at_hand(lab.text("data"));
  DataOptions options;
  options.source = source;
  const bool glyphs = source == "glyphs";
  const auto train = glyphs ? glyph_digits(16, Split::train) : load_dataset(options, Split::train);
  const auto test = glyphs ? glyph_digits(16, Split::test) : load_dataset(options, Split::test);
  const auto images = to_model_range(data_tensor(test));
  const double floor = factorised_floor(to_model_range(data_tensor(train)), images);

  std::map<std::string, LossOutcome> outcomes;
  LabTable table{{"terms", "reconstruction (nats)", "KL (nats)", "negative ELBO (nats)",
                  "KL of all codes together (nats)"},
                 {}};
  const std::map<std::string, std::string> titles = {
      {"reconstruction", "Only reconstruction"}, {"kl", "Only KL"}, {"both", "The combination"}};
  for (const std::string terms : {"reconstruction", "kl", "both"}) {
    lab.say("training: " + titles.at(terms));
    const std::vector<std::string> settings = {
        "model.code=2",
        "model.binarise=stochastic",
        "model.terms=" + terms,
        fmt::format("model.hidden=[{}]", lab.integer("width")),
        fmt::format("train.steps={}", lab.integer("steps")),
        fmt::format("train.batch={}", lab.integer("batch")),
        fmt::format("train.seed={}", lab.integer("seed")),
        fmt::format("optimizer.vae.lr={}", lab.number("rate")),
        "optimizer.vae.schedule=cosine",
    };
    const auto recipe = Recipe::parse("[model]\nname = \"vae\"\n", "the lab vae-three-losses", settings);
    Session session(*recipe, train, torch::kCPU);
    while (!session.finished()) session.run_step();
    const auto outcome = judge(session, images);
    table.rows.push_back({titles.at(terms), fmt::format("{:.2f}", outcome.reconstruction),
                          fmt::format("{:.3f}", outcome.kl), fmt::format("{:.2f}", outcome.negative_elbo()),
                          fmt::format("{:.3f}", outcome.aggregate_kl)});
    lab.chart(titles.at(terms), "One draw of $z$ for each test image, coloured by class.",
              scatter(outcome.codes, test));
    const ModelState::Evaluation evaluation(session.state());
    auto& decoder = *session.state().model().decoder();
    auto generator = at::make_generator<at::CPUGeneratorImpl>(17);
    lab.picture(titles.at(terms) + ": samples", "Decoded draws from $N(0, 1)$.",
                image_grid(decoder.decode(decoder.draw_latent(40, generator)), 10));
    outcomes[terms] = outcome;
  }
  const auto &only_reconstruction = outcomes["reconstruction"], &only_kl = outcomes["kl"],
             &both = outcomes["both"];
  lab.measure("kl", only_kl.kl);
  lab.measure("floor", only_kl.reconstruction - floor);
  lab.measure("ratio", only_reconstruction.kl / both.kl);
  lab.measure("aggregate", only_reconstruction.aggregate_kl / both.aggregate_kl);
  lab.measure("lead",
              std::min(only_reconstruction.negative_elbo(), only_kl.negative_elbo()) - both.negative_elbo());
  table.rows.push_back(
      {"the pixels' means, no code", fmt::format("{:.2f}", floor), "0", fmt::format("{:.2f}", floor), ""});
  lab.table("Both terms on the test set",
            fmt::format("Means over {} of {}, pixels drawn black or white once.",
                        counted(test.count, "test image"), test.name),
            std::move(table));
}

}  // namespace belamy::labs
