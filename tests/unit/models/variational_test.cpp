// Variational models against what is known exactly: closed forms, brute force over classes, a linear Gaussian
// model.
#include "objectives/variational.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "models/shared/latent_histogram.h"
#include "models/shared/semi_supervised.h"
#include "small_data.h"

namespace belamy {
namespace {

using models::SemiSupervisedConfig;
using models::SemiSupervisedVae;

TEST(VariationalObjectives, TheDimensionsOfAKlSumToIt) {
  const auto mean = normal({4, 3}, 1), log_variance = normal({4, 3}, 2);
  EXPECT_TRUE(torch::allclose(objectives::kl_of_dimensions(mean, log_variance).sum(1),
                              objectives::kl_to_standard_normal(mean, log_variance), 1e-12, 1e-12));
}

TEST(VariationalObjectives, FreeBitsChargeAtLeastTheFloorForEachDimension) {
  const auto kl = torch::tensor({{0.1, 3.0, 0.2}, {0.3, 5.0, 1.4}}, kDouble);
  EXPECT_NEAR(value(objectives::free_bits(kl, 0.5)), 0.5 + 4.0 + 0.8, 1e-12);
  EXPECT_NEAR(value(objectives::free_bits(kl, 0)), value(kl.sum(1).mean()), 1e-12);
}

TEST(VariationalObjectives, ALearnedVarianceThatIsConstantIsTheFixedOne) {
  const auto x = normal({3, 2, 2}, 1), mean = normal({3, 2, 2}, 2);
  EXPECT_TRUE(
      torch::allclose(objectives::gaussian_log_likelihood(x, mean, at::full_like(x, 2 * std::log(0.3))),
                      objectives::gaussian_log_likelihood(x, mean, 0.3), 1e-10, 1e-10));
}

TEST(VariationalObjectives, TheImportanceBoundIsALogMeanExp) {
  const auto log_weights = normal({5, 3}, 3);
  EXPECT_TRUE(torch::allclose(objectives::importance_bound(log_weights), log_weights.exp().mean(0).log(),
                              1e-12, 1e-12));
  // Far below what exp can hold.
  EXPECT_NEAR(value(objectives::importance_bound(torch::full({7, 1}, -5000.0, kDouble))), -5000, 1e-9);
}

TEST(VariationalObjectives, TheUnlabelledBoundIsTightAtTheTruePosterior) {
  const auto bounds = normal({4, 3}, 4) * 5, logits = normal({4, 3}, 5);
  const auto got = objectives::unlabelled_bound(bounds, logits);
  for (std::int64_t n = 0; n < 4; ++n) {
    double total = 0, expected = 0;
    for (std::int64_t y = 0; y < 3; ++y) total += std::exp(value(logits[n][y]));
    for (std::int64_t y = 0; y < 3; ++y) {
      const double q = std::exp(value(logits[n][y])) / total;
      expected += q * value(bounds[n][y]) - q * std::log(q);
    }
    EXPECT_NEAR(value(got[n]), expected, 1e-12);
  }
  // q(y|x) proportional to exp(bound): then it is log sum exp, and no q is better.
  EXPECT_TRUE(
      torch::allclose(objectives::unlabelled_bound(bounds, bounds), bounds.logsumexp(1), 1e-12, 1e-12));
  EXPECT_TRUE((got < bounds.logsumexp(1)).all().item<bool>());
}

// A linear decoder of a normal code: p(x) = N(b, W W^T + sd^2) is known.
TEST(VaeDensity, TheBoundRisesToTheKnownLikelihoodWithItsSamples) {
  const auto data = small_points(64);
  const auto recipe =
      recipe_of("vae", {"model.hidden=[]", "model.decoder=gaussian", "model.sd=0.5", "model.code=2"});
  Session session(*recipe, data, kCpu);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto parameters = model.named_parameters();
  const auto w = parameters["decoder.0.weight"].to(torch::kDouble),
             b = parameters["decoder.0.bias"].to(torch::kDouble);
  const auto x = session.batches().head(16);
  const auto covariance = at::mm(w, w.t()) + 0.25 * torch::eye(2, kDouble);
  const auto from_mean = x.to(torch::kDouble) - b;
  const auto exact = -0.5 * ((at::mm(from_mean, at::inverse(covariance)) * from_mean).sum(1) +
                             at::logdet(covariance) + 2 * std::log(2 * M_PI));
  auto* density = model.density();
  EXPECT_EQ(density->kind(), Density::Kind::lower_bound);
  // The mean over data and repetitions: with so few draws single bounds still scatter.
  const auto bound = [&](std::int64_t samples, std::int64_t times) {
    auto generator = seeded(5);
    const auto found = density->log_likelihood(x.repeat({times, 1}), generator, samples).to(torch::kDouble);
    return value(found.mean());
  };
  const double truth = value(exact.mean()), one = bound(1, 200), five = bound(5, 200), many = bound(2000, 1);
  EXPECT_LT(one, five - 0.05);
  EXPECT_LT(five, truth);
  // Seed 5: the log mean exp of 2,000 weights of moderate variance, averaged over 16 data, is good to a
  // few thousandths; 0.02 leaves room.
  EXPECT_NEAR(many, truth, 0.02);
  EXPECT_THAT(density->how(), testing::HasSubstr("2000 draws"));
}

TEST(VaeDensity, BlackAndWhiteDrawsHaveTheGreyAsTheirMean) {
  models::VariationalConfig config;
  config.binarise = "stochastic";
  const DataShape shape{.channels = 1, .height = 1, .width = 3};
  const models::Observation observation(config, shape);
  const auto grey = torch::tensor({-1.0f, 0.2f, 1.0f}).view({1, 1, 1, 3}).expand({20000, 1, 1, 3});
  const auto drawn = observation.taken(grey, seeded(1));
  EXPECT_TRUE(((drawn == -1) | (drawn == 1)).all().item<bool>());
  const auto mean = drawn.mean(0).flatten();
  EXPECT_EQ(mean[0].item<float>(), -1);
  EXPECT_EQ(mean[2].item<float>(), 1);
  // 20,000 draws of p = 0.6: five standard errors of the mean are 5 * 2 * 0.49 / 141 = 0.035.
  EXPECT_NEAR(mean[1].item<float>(), 0.2, 0.035);
}

// The parameters after some steps, by name.
std::map<std::string, Tensor> trained(const Recipe& recipe, const Dataset& data, int steps) {
  Session session(recipe, data, kCpu);
  run_steps(session, steps);
  std::map<std::string, Tensor> all;
  for (const auto& item : session.state().model().named_parameters()) {
    all[item.key()] = item.value().detach().clone();
  }
  return all;
}

TEST(VaeTerms, OnlyKlKeepsTheReconstructionFromTheEncoder) {
  const auto data = small_images(64);
  // Without weight on the KL term nothing is left for the encoder.
  const std::vector<std::string> settings = {"model.hidden=[16]", "model.terms=kl", "model.beta=0"};
  const auto recipe = recipe_of("vae", settings);
  const auto before = trained(*recipe, data, 0), after = trained(*recipe, data, 3);
  for (const auto& [name, parameter] : before) {
    const bool moved = !same_bits(parameter, after.at(name));
    EXPECT_EQ(moved, name.starts_with("decoder")) << name;
  }
}

TEST(VaeTerms, OnlyReconstructionIsNoWeightOnTheKl) {
  const auto data = small_images(64);
  const auto only = trained(*recipe_of("vae", {"model.hidden=[16]", "model.terms=reconstruction"}), data, 3);
  const auto none = trained(*recipe_of("vae", {"model.hidden=[16]", "model.beta=0"}), data, 3);
  for (const auto& [name, parameter] : only) EXPECT_TRUE(same_bits(parameter, none.at(name))) << name;
}

class SemiSupervisedTest : public testing::Test {
 protected:
  static std::shared_ptr<SemiSupervisedVae> make(const std::string& network) {
    SemiSupervisedConfig config;
    config.network = network;
    config.hidden = {12};
    config.classifier = {10};
    config.width = 4;
    config.code = 3;
    const auto vae = std::make_shared<SemiSupervisedVae>(
        DataShape{.channels = 1, .height = 8, .width = 8, .classes = 4}, 4, config, seeded(2));
    vae->eval();
    return vae;
  }
};

TEST_F(SemiSupervisedTest, TheClassIsSummedOutExactly) {
  for (const std::string network : {"fully-connected", "convolutional"}) {
    SCOPED_TRACE(network);
    const auto vae = make(network);
    const torch::NoGradGuard no_grad;
    const auto x = torch::rand({5, 1, 8, 8}, seeded(3)) * 2 - 1;
    const auto got = vae->bound(x, {});  // codes at their means: no noise to agree on
    const auto q = at::softmax(vae->classify(x), 1);
    for (std::int64_t n = 0; n < 5; ++n) {
      double expected = 0;
      for (std::int64_t y = 0; y < 4; ++y) {
        const auto told = vae->conditional().one_hot(torch::tensor({y}));
        const double bound = vae->conditional().bound(x.narrow(0, n, 1), told, {}).total().item<double>();
        const double p = q[n][y].item<double>();
        expected += p * (bound + std::log(0.25) - std::log(p));
      }
      EXPECT_NEAR(got[n].item<double>(), expected, 2e-4);  // of about -45 nats in f32
    }
  }
}

TEST_F(SemiSupervisedTest, TheClassReachesEncoderAndDecoder) {
  for (const std::string network : {"fully-connected", "convolutional"}) {
    SCOPED_TRACE(network);
    const auto whole = make(network);
    auto& vae = whole->conditional();
    const torch::NoGradGuard no_grad;
    const auto x = torch::rand({1, 1, 8, 8}, seeded(3)) * 2 - 1, z = torch::randn({1, 3}, seeded(4));
    const auto a = vae.one_hot(torch::tensor({0})), b = vae.one_hot(torch::tensor({1}));
    EXPECT_FALSE(torch::allclose(vae.code(x, a).mean, vae.code(x, b).mean));
    EXPECT_FALSE(torch::allclose(vae.decode(z, a), vae.decode(z, b)));
  }
}

TEST(StackedSemiVae, EachStageMovesItsOwnPart) {
  const auto recipe = Recipe::parse(
      "[model]\nname = \"stacked-semi-vae\"\nhidden = [16]\ncode = 4\nm2_hidden = [8]\nm2_code = 2\n"
      "[[stage]]\nname = \"m1\"\nsteps = 3\n[[stage]]\nname = \"m2\"\nsteps = 3\n",
      "the test");
  const auto data = small_images(64);
  const auto start = trained(*recipe, data, 0), middle = trained(*recipe, data, 3),
             end = trained(*recipe, data, 6);
  for (const auto& [name, parameter] : start) {
    const bool second = name.starts_with("m2.");
    EXPECT_EQ(!same_bits(parameter, middle.at(name)), !second) << name;
    EXPECT_EQ(!same_bits(middle.at(name), end.at(name)), second) << name;
  }
}

TEST(StackedSemiVae, AStageOfAnotherNameIsRefused) {
  const auto recipe = Recipe::parse(
      "[model]\nname = \"stacked-semi-vae\"\n[[stage]]\nname = \"first\"\nsteps = 3\n", "the test");
  try {
    Session session(*recipe, small_images(16), kCpu);
    FAIL() << "it was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("no stage 'first'; its stages are m1, m2"));
  }
}

TEST(LatentHistogram, RareCodesWeighMore) {
  models::LatentHistogram histogram(2, 4);  // bins of 2 from -4 to 4
  EXPECT_TRUE(torch::allclose(histogram.shares(), torch::full({2, 4}, 0.25)));
  const auto codes = torch::tensor({{-1.0f, 9.0f}, {-0.5f, 9.0f}, {-1.5f, 9.0f}, {1.0f, 9.0f}});
  histogram.follow(codes, 0);
  EXPECT_TRUE(torch::allclose(histogram.shares(),
                              torch::tensor({{0.0f, 0.75f, 0.25f, 0.0f}, {0.0f, 0.0f, 0.0f, 1.0f}})));
  // Relative to the fullest bin the first dimension has 1 and 1/3, the second 1 throughout.
  const double common = 1 / (1.1 * 1.1), rare = 1 / ((1.0 / 3 + 0.1) * 1.1), sum = 3 * common + rare;
  const auto weights = histogram.weights(codes, 0.1);
  EXPECT_NEAR(weights[0].item<double>(), common / sum, 1e-6);
  EXPECT_NEAR(weights[3].item<double>(), rare / sum, 1e-6);
  histogram.follow(codes + 2, 0.5);
  EXPECT_NEAR(histogram.shares()[0][1].item<double>(), 0.375, 1e-6);
}

TEST(Aae, TheMixtureHasAGaussianForEachDirection) {
  const auto recipe = recipe_of("aae", {"model.prior=mixture", "model.code=2", "model.components=10",
                                        "model.hidden=[8]", "model.discriminator=[8]"});
  Session session(*recipe, small_images(16), kCpu);
  const auto z = session.state().model().decoder()->draw_latent(20000, seeded(3));
  const auto turns = at::atan2(z.select(1, 1), z.select(1, 0)) * (10 / (2 * M_PI));  // whole at a centre
  const auto off = (turns - turns.round()).abs();
  // Evenly spread angles would have a quarter on average.
  EXPECT_LT(off.mean().item<double>(), 0.15);
  const auto counts = at::bincount((turns.round() + 10).remainder(10).to(torch::kLong), {}, 10);
  // 20,000 draws: 2,000 each, five standard deviations are 5 * 42.
  EXPECT_GT(counts.min().item<std::int64_t>(), 1790);
  EXPECT_NEAR(z.norm(2, 1).mean().item<double>(), 4, 0.2);
}

}  // namespace
}  // namespace belamy
