// Whole flows: inverse, likelihood with every term, density that integrates to one, start and temperature.
#include <cmath>
#include <gmock/gmock.h>
#include <numbers>
#include <torch/autograd.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "small_data.h"

namespace belamy {
namespace {

// What float32 leaves of a pixel after some ten layers, and of a sum of about a hundred terms near 1.
constexpr double kFlowModelRounding = 1e-4;

const std::vector<std::vector<std::string>>& flow_kinds() {
  static const std::vector<std::string> small = {"model.hidden=[8]", "model.steps=[2]", "train.batch=32"};
  static const std::vector<std::vector<std::string>> all = [] {
    std::vector<std::vector<std::string>> kinds = {
        {"model.network=dense", "model.halves=alternate", "model.coupling=additive", "model.mixing=swap",
         "model.actnorm=false", "model.prior=logistic"},                    // NICE
        {"model.mixing=swap", "model.checkerboard=2", "model.logit=0.05"},  // RealNVP
        {"model.coupling=sigmoid"},                                         // Glow
        {"model.last_hidden=[8]", "model.prior=student", "model.degrees=3"},
        {"model.mixing=shuffle", "model.network=dense", "model.logit=0.05"}};
    for (auto& kind : kinds) kind.insert(kind.begin(), small.begin(), small.end());
    return kinds;
  }();
  return all;
}

// After some steps, since at the start half of the layers are the identity.
struct TrainedFlow {
  std::unique_ptr<Recipe> recipe;
  Session session;
  ModelState::Evaluation evaluation;

  TrainedFlow(const std::vector<std::string>& settings, const Dataset& data, int steps = 5)
      : recipe(recipe_of("flow", settings)),
        session(*recipe, data, kCpu),
        evaluation((run_steps(session, steps), session.state())) {}
  Model& model() { return session.state().model(); }
};

TEST(FlowModel, DecodingUndoesEncoding) {
  for (const auto& settings : flow_kinds()) {
    for (const auto& data : {small_images(32, 12), small_images(32, 8, 3)}) {
      SCOPED_TRACE(testing::PrintToString(settings));
      TrainedFlow flow(settings, data);
      const auto x = flow.session.batches().head(8);
      const auto back = flow.model().decoder()->decode(flow.model().encoder()->encode(x));
      EXPECT_LT((back - x).abs().max().item<double>(), kFlowModelRounding);
    }
  }
  for (const std::string mixing : {"swap", "convolution"}) {
    TrainedFlow flow({"model.network=dense", "model.hidden=[8, 8]", "model.mixing=" + mixing},
                     small_points(64));
    const auto x = flow.session.batches().head(16);
    const auto back = flow.model().decoder()->decode(flow.model().encoder()->encode(x));
    EXPECT_LT((back - x).abs().max().item<double>(), kFlowModelRounding);
  }
}

// log p(x') = log p(u) + log |det du/dx'|, the Jacobian of the whole way from the image to the latent.
TEST(FlowModel, TheLikelihoodOfAnImageHasEveryTerm) {
  for (auto settings : flow_kinds()) {
    SCOPED_TRACE(testing::PrintToString(settings));
    settings.emplace_back("model.levels=1");
    TrainedFlow flow(settings, small_images(32, 6));
    const auto images = flow.session.batches().head(3);
    const auto got = flow.model().density()->log_likelihood(images, seeded(9));
    // encode() takes bytes + 1/2 where the likelihood takes bytes + noise.
    const auto noise = torch::rand(images.sizes(), seeded(9));
    const auto shifted = images + (noise - 0.5) * 2 / 255;
    const torch::AutoGradMode with_gradients(true);
    for (std::int64_t n = 0; n < 3; ++n) {
      const auto x = shifted.narrow(0, n, 1).clone().requires_grad_();
      const auto u = flow.model().encoder()->encode(x).flatten();
      std::vector<Tensor> rows;
      for (std::int64_t i = 0; i < u.numel(); ++i) {
        rows.push_back(torch::autograd::grad({u[i]}, {x}, {}, /*retain_graph=*/true)[0].flatten());
      }
      const auto jacobian = torch::stack(rows).to(torch::kDouble);
      const auto z = u.detach().to(torch::kDouble);
      const auto name = flow.recipe->fields().find("model.prior")->get();
      // Student's density with three degrees of freedom is 2 / (pi sqrt(3) (1 + z^2 / 3)^2).
      const double prior =
          value(name == "\"logistic\"" ? (-at::softplus(z) - at::softplus(-z)).sum()
                : name == "\"student\""
                    ? (std::log(2 / (std::numbers::pi * std::sqrt(3.0))) - 2 * (z.square() / 3).log1p()).sum()
                    : (-0.5 * z.square() - 0.5 * std::log(2 * std::numbers::pi)).sum());
      // Images run from -1 to 1 in 255 steps, x' from 0 to 1 in 256.
      const double range = 36 * std::log(512.0 / 255);
      const double expected = prior + std::get<1>(at::linalg_slogdet(jacobian)).item<double>() + range;
      // Values of a hundred and more in float32.
      EXPECT_NEAR(got[n].item<double>(), expected,
                  kFlowModelRounding * std::max(1.0, std::abs(expected) / 10));
    }
  }
}

// The logit of a uniform variable is logistic, so the density is 1 everywhere: 8 bits for a byte.
TEST(FlowModel, TheIdentityNeedsEightBitsForAByte) {
  TrainedFlow flow({"model.network=dense", "model.hidden=[8]", "model.coupling=additive", "model.mixing=swap",
                    "model.actnorm=false", "model.prior=logistic", "model.logit=1e-6"},
                   small_images(32, 8), /*steps=*/0);
  const auto nats = flow.model().density()->log_likelihood(flow.session.batches().head(32), seeded(1));
  const auto bits = 8 - nats / (64 * std::numbers::ln2);
  EXPECT_LT((bits - 8).abs().max().item<double>(), 1e-4);  // a pixel's noise below 1e-6 is rare
}

TEST(FlowModel, TheDensityOfPointsIntegratesToOne) {
  for (const std::string coupling : {"tanh", "sigmoid", "additive"}) {
    TrainedFlow flow({"model.network=dense", "model.hidden=[16]", "model.coupling=" + coupling,
                      "model.mixing=swap", "model.steps=[4]", "train.batch=64"},
                     small_points(256), 60);
    const double step = 0.02;
    const auto line = torch::arange(-4.0, 4.0, step, torch::kFloat);
    const auto grid = torch::cartesian_prod({line, line});
    const auto density = flow.model().density()->log_likelihood(grid, seeded(1)).exp();
    // The step is a tenth of the blobs' deviation: sums of smooth densities are then good to far below this.
    EXPECT_NEAR(density.sum().item<double>() * step * step, 1, 5e-3) << coupling;
  }
}

TEST(FlowModel, TheFirstBatchGivesTheLatentsMeanZeroAndVarianceOne) {
  const auto recipe = recipe_of("flow", {"model.hidden=[8]", "model.levels=1", "model.steps=[2]",
                                         "train.batch=64", "optimizer.flow.lr=1e-12"});
  Session session(*recipe, small_images(64, 8), kCpu);
  const auto batch = session.batches().at(0).data;
  run_steps(session, 1);
  const ModelState::Evaluation evaluation(session.state());
  // Other noise than in the step, hence the tolerance.
  const auto u = session.state().model().encoder()->encode(batch).view({64, 4, 16});
  EXPECT_LT(u.mean(at::IntArrayRef{0, 2}).abs().max().item<double>(), 0.02);
  EXPECT_LT((u.std(at::IntArrayRef{0, 2}, false) - 1).abs().max().item<double>(), 0.02);
}

TEST(FlowModel, TemperatureScalesTheLatents) {
  const auto at = [](const std::string& temperature) {
    return std::vector<std::string>{"model.hidden=[8]", "model.steps=[2]", "train.batch=32",
                                    "use.temperature=" + temperature};
  };
  {
    TrainedFlow cold(at("0"), small_images(32, 8));
    const auto samples = cold.model().sampler()->sample({4, seeded(1)});
    EXPECT_TRUE(torch::equal(samples, samples.narrow(0, 0, 1).expand_as(samples))) << "one image";
  }
  TrainedFlow warm(at("0.5"), small_images(32, 8));
  const auto latents = warm.model().decoder()->draw_latent(1000, seeded(1));
  EXPECT_NEAR(latents.std().item<double>(), 0.5, 0.01);  // 64,000 draws
}

// With five degrees of freedom the variance is 5 / 3 and the fourth moment 25; a Gaussian of that variance has 8.3.
TEST(FlowModel, LatentsOfTheStudentPriorHaveItsMoments) {
  TrainedFlow flow(
      {"model.hidden=[8]", "model.steps=[2]", "train.batch=32", "model.prior=student", "model.degrees=5"},
      small_images(32, 8));
  const auto u = flow.model().decoder()->draw_latent(4000, seeded(1)).to(torch::kDouble);  // 256,000 draws
  EXPECT_NEAR(u.square().mean().item<double>(), 5.0 / 3, 0.05);
  EXPECT_GT(u.pow(4).mean().item<double>(), 15);
}

TEST(FlowModel, DataThatItCannotTakeAreRefusedWithACure) {
  const auto fault = [](const Dataset& data, const std::vector<std::string>& settings) {
    const auto recipe = recipe_of("flow", settings);
    try {
      const Session session(*recipe, data, kCpu);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("taken");
  };
  EXPECT_THAT(fault(small_images(8, 12), {"model.levels=3"}), testing::HasSubstr("model.levels=2"));
  EXPECT_THAT(fault(small_images(8, 9), {}), testing::HasSubstr("model.network=dense"));
  EXPECT_THAT(fault(small_points(8), {}), testing::HasSubstr("model.network=dense"));
}

}  // namespace
}  // namespace belamy
