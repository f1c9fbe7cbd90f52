// The objectives against their closed forms, written out here in plain double arithmetic.
#include "objectives/adversarial.h"

#include <cmath>
#include <gmock/gmock.h>
#include <numbers>
#include <torch/autograd.h>
#include <torch/types.h>

#include "numbers.h"
#include "objectives/likelihood.h"

namespace belamy::objectives {
namespace {

using testing::ElementsAre;

Tensor doubles(std::vector<double> values) {
  return torch::tensor(values, kDouble);
}

double sigmoid(double t) {
  return 1 / (1 + std::exp(-t));
}

TEST(AdversarialTest, NamesAreKnown) {
  EXPECT_THAT(Adversarial::names(), testing::IsSupersetOf({"minimax", "non-saturating"}));
  EXPECT_THROW(Adversarial("hinge-of-nobody"), std::logic_error);
}

TEST(AdversarialTest, AgreesWithTheFormulasOfThePaper) {
  const std::vector<double> real = {-2.5, 0.3, 4}, fake = {1.5, -0.7};
  double log_d = 0, log_not_d = 0, log_d_of_fake = 0;
  for (const double t : real) log_d += std::log(sigmoid(t)) / 3;
  for (const double t : fake) log_not_d += std::log(1 - sigmoid(t)) / 2;
  for (const double t : fake) log_d_of_fake += std::log(sigmoid(t)) / 2;
  for (const auto* name : {"minimax", "non-saturating"}) {
    EXPECT_NEAR(value(Adversarial(name).discriminator(doubles(real), doubles(fake))), -log_d - log_not_d,
                1e-12)
        << name;
  }
  EXPECT_NEAR(value(Adversarial("minimax").generator(doubles(fake))), log_not_d, 1e-12);
  EXPECT_NEAR(value(Adversarial("non-saturating").generator(doubles(fake))), -log_d_of_fake, 1e-12);
}

TEST(AdversarialTest, AnUndecidedDiscriminatorPaysTwoLogTwo) {
  for (const auto& name : {"minimax", "non-saturating"}) {
    const auto loss =
        Adversarial(name).discriminator(torch::zeros({7, 1}, kDouble), torch::zeros({4}, kDouble));
    EXPECT_NEAR(value(loss), 2 * std::numbers::ln2, 1e-12) << name;
  }
}

TEST(AdversarialTest, ExtremeLogitsKeepTheirValue) {
  const auto high = torch::full({3}, 100.f), low = torch::full({3}, -100.f);
  for (const auto* name : {"minimax", "non-saturating"}) {
    const Adversarial objective(name);
    EXPECT_NEAR(objective.discriminator(high, low).item<float>(), 0, 1e-6) << name;
    EXPECT_NEAR(objective.discriminator(low, high).item<float>(), 200, 1e-3) << name;
  }
  EXPECT_NEAR(Adversarial("minimax").generator(high).item<float>(), -100, 1e-3);
  EXPECT_NEAR(Adversarial("minimax").generator(low).item<float>(), 0, 1e-6);
  EXPECT_NEAR(Adversarial("non-saturating").generator(low).item<float>(), 100, 1e-3);
  EXPECT_NEAR(Adversarial("non-saturating").generator(high).item<float>(), 0, 1e-6);
}

TEST(AdversarialTest, TheOtherObjectivesAgreeWithTheirFormulas) {
  const std::vector<double> real = {-2.5, 0.3, 4}, fake = {1.5, -0.7};
  const auto mean = [](const std::vector<double>& all, const std::function<double(double)>& f) {
    double sum = 0;
    for (const double t : all) sum += f(t);
    return sum / static_cast<double>(all.size());
  };
  struct Case {
    const char* name;
    double discriminator, generator;
  };
  const auto t_of = [](double t) { return t; };
  const double cross_entropy = mean(real, [](double t) { return -std::log(sigmoid(t)); }) +
                               mean(fake, [](double t) { return -std::log(1 - sigmoid(t)); });
  for (const auto& [name, discriminator, generator] : {
           Case{"log-ratio", cross_entropy,
                mean(fake, [](double t) { return std::log((1 - sigmoid(t)) / sigmoid(t)); })},
           Case{"maximum-likelihood", cross_entropy,
                mean(fake, [](double t) { return -sigmoid(t) / (1 - sigmoid(t)); })},
           Case{"absolute-error",
                mean(real, [](double t) { return 1 - sigmoid(t); }) +
                    mean(fake, [](double t) { return sigmoid(t); }),
                mean(fake, [](double t) { return -sigmoid(t); })},
           Case{"least-squares",
                0.5 * mean(real, [](double t) { return (t - 1) * (t - 1); }) +
                    0.5 * mean(fake, [](double t) { return t * t; }),
                0.5 * mean(fake, [](double t) { return (t - 1) * (t - 1); })},
           Case{"hinge",
                mean(real, [](double t) { return std::max(0.0, 1 - t); }) +
                    mean(fake, [](double t) { return std::max(0.0, 1 + t); }),
                -mean(fake, t_of)},
           Case{"wasserstein", mean(fake, t_of) - mean(real, t_of), -mean(fake, t_of)},
       }) {
    EXPECT_NEAR(value(Adversarial(name).discriminator(doubles(real), doubles(fake))), discriminator, 1e-12)
        << name;
    EXPECT_NEAR(value(Adversarial(name).generator(doubles(fake))), generator, 1e-12) << name;
  }
}

// Who wants data to be taken for samples is content where the discriminator's target for samples is.
TEST(AdversarialTest, ExchangedLabels) {
  const auto t = torch::tensor({-1.0, 0.0, 2.0}, torch::kDouble);
  EXPECT_NEAR(Adversarial("least-squares").exchanged(t).item<double>(), (1 + 0 + 4) / 6.0, 1e-12);
  for (const std::string name : {"non-saturating", "minimax", "hinge", "wasserstein"}) {
    const Adversarial objective(name);
    EXPECT_EQ(objective.exchanged(t).item<double>(), objective.generator(-t).item<double>()) << name;
  }
}

TEST(AdversarialTest, SmoothedLabelsMoveTheBestDiscriminator) {
  // At one point with densities p and q the loss p L(real) + q L(fake) is least at D = (a p + b q) / (p + q).
  const double p = 0.7, q = 0.4;
  for (const Labels labels : {Labels{0.9, 0}, Labels{0.9, 0.1}, Labels{1, 0}}) {
    const double best = (labels.real * p + labels.fake * q) / (p + q);
    const auto t = torch::full({1}, std::log(best / (1 - best)), kDouble).requires_grad_();
    const Adversarial objective("non-saturating", labels);
    const auto far = torch::full({1}, -800.0, kDouble), high = torch::full({1}, 800.0, kDouble);
    // Only one of the two terms at a time: the other is constant.
    const auto loss = p * objective.discriminator(t, far) + q * objective.discriminator(high, t);
    EXPECT_NEAR(value(torch::autograd::grad({loss}, {t})[0]), 0, 1e-12);
  }
  const auto squares = Adversarial("least-squares", {0.9, 0.2});
  EXPECT_NEAR(value(squares.discriminator(doubles({0.9}), doubles({0.2}))), 0, 1e-15);
  EXPECT_THROW(Adversarial("hinge", {0.9, 0}), std::logic_error);
  EXPECT_FALSE(Adversarial::takes_labels("wasserstein"));
}

TEST(AdversarialTest, FeatureMatchingComparesMeans) {
  const auto a = torch::tensor({{1.0, 2.0}, {3.0, 6.0}}, kDouble), b = torch::tensor({{0.0, 1.0}}, kDouble);
  EXPECT_NEAR(value(feature_matching(a, b)), (2.0 * 2.0 + 3.0 * 3.0) / 2, 1e-12);
}

TEST(AdversarialTest, TheNonSaturatingGradientSurvivesARejectedGenerator) {
  // The reason for it: where D rejects all samples, minimax has no gradient left and the other has all.
  const auto logits = torch::full({1}, -20.0, kDouble).requires_grad_();
  const auto slope = [&](const char* name) {
    return value(torch::autograd::grad({Adversarial(name).generator(logits)}, {logits})[0]);
  };
  EXPECT_NEAR(slope("minimax"), -sigmoid(-20), 1e-12);
  EXPECT_NEAR(slope("non-saturating"), -1 + sigmoid(-20), 1e-12);
}

TEST(AdversarialTest, GradientsAgreeWithFiniteDifferences) {
  const auto real = normal({6}, 1) * 3, fake = normal({6}, 2) * 3;
  for (const auto& name : Adversarial::names()) {
    const Adversarial objective(name);
    EXPECT_LT(gradient_error([&](const Tensor& x) { return objective.discriminator(x, fake); }, real), 1e-8)
        << name;
    EXPECT_LT(gradient_error([&](const Tensor& x) { return objective.discriminator(real, x); }, fake), 1e-8)
        << name;
    EXPECT_LT(gradient_error([&](const Tensor& x) { return objective.generator(x); }, fake), 1e-8) << name;
  }
}

TEST(LikelihoodTest, GaussianAgreesWithTheDensity) {
  const auto x = normal({3, 2, 2}, 1), mean = normal({3, 2, 2}, 2);
  const double sd = 0.3;
  const auto got = gaussian_log_likelihood(x, mean, sd);
  ASSERT_THAT(got.sizes(), ElementsAre(3));
  for (std::int64_t n = 0; n < 3; ++n) {
    double expected = 0;
    for (std::int64_t i = 0; i < 4; ++i) {
      const double z = (value(x[n].flatten()[i]) - value(mean[n].flatten()[i])) / sd;
      expected += std::log(std::exp(-z * z / 2) / (sd * std::sqrt(2 * std::numbers::pi)));
    }
    EXPECT_NEAR(value(got[n]), expected, 1e-9);
  }
}

TEST(LikelihoodTest, GaussianIntegratesToOne) {
  // Riemann sums of a smooth density whose tails are inside the grid are good to rounding.
  for (const double sd : {0.05, 0.1, 1.0}) {
    const double step = sd / 100;
    const auto grid = torch::arange(-12 * sd, 12 * sd, step, kDouble).unsqueeze(1) + 0.7;  // [N, 1]
    const auto density = gaussian_log_likelihood(grid, torch::full({1, 1}, 0.7, kDouble), sd).exp();
    EXPECT_NEAR(value(density.sum()) * step, 1, 1e-9) << sd;
  }
}

TEST(LikelihoodTest, BernoulliAgreesWithTheNaiveFormula) {
  const auto x = torch::rand({4, 5}, at::detail::createCPUGenerator(3), kDouble), logits = normal({4, 5}, 4);
  const auto p = torch::sigmoid(logits);
  const auto naive = (x * p.log() + (1 - x) * (1 - p).log()).sum(1);
  EXPECT_TRUE(torch::allclose(bernoulli_log_likelihood(x, logits), naive, 1e-12, 1e-12));
}

TEST(LikelihoodTest, BernoulliProbabilitiesOfBlackAndWhiteSumToOne) {
  const auto logits = normal({50, 1}, 5) * 4;
  const auto sum = bernoulli_log_likelihood(torch::zeros_like(logits), logits).exp() +
                   bernoulli_log_likelihood(torch::ones_like(logits), logits).exp();
  EXPECT_TRUE(torch::allclose(sum, torch::ones({50}, kDouble), 1e-12, 1e-12));
}

TEST(LikelihoodTest, BernoulliIsFiniteAtExtremeLogits) {
  const auto at = [](float x, float logit) {
    return bernoulli_log_likelihood(torch::full({1, 1}, x), torch::full({1, 1}, logit)).item<float>();
  };
  EXPECT_NEAR(at(1, 100), 0, 1e-6);
  EXPECT_NEAR(at(0, 100), -100, 1e-3);
  EXPECT_NEAR(at(1, -100), -100, 1e-3);
  EXPECT_NEAR(at(0, -100), 0, 1e-6);
}

TEST(LikelihoodTest, KlAgreesWithItsClosedForm) {
  const auto zeros = torch::zeros({2, 3}, kDouble);
  EXPECT_EQ(value(kl_to_standard_normal(zeros, zeros).abs().sum()), 0);
  const auto kl = kl_to_standard_normal(doubles({0.5, -1.5}).view({1, 2}), doubles({0.3, -2}).view({1, 2}));
  double expected = 0;
  for (const auto& [mean, log_variance] : {std::pair{0.5, 0.3}, std::pair{-1.5, -2.0}}) {
    const double variance = std::exp(log_variance);
    expected += -std::log(std::sqrt(variance)) + (variance + mean * mean) / 2 - 0.5;
  }
  ASSERT_THAT(kl.sizes(), ElementsAre(1));
  EXPECT_NEAR(value(kl), expected, 1e-12);
}

TEST(LikelihoodTest, KlIsTheMeanLogRatio) {
  // By its definition, as an integral over a fine grid.
  const double mean = 0.8, variance = 0.4, step = 1e-3;
  const auto z = torch::arange(-10, 10, step, kDouble).unsqueeze(1);
  const auto log_q = gaussian_log_likelihood(z, torch::full({1, 1}, mean, kDouble), std::sqrt(variance));
  const auto log_p = gaussian_log_likelihood(z, torch::zeros({1, 1}, kDouble), 1);
  const double integral = value((log_q.exp() * (log_q - log_p)).sum()) * step;
  const auto kl = kl_to_standard_normal(torch::full({1, 1}, mean, kDouble),
                                        torch::full({1, 1}, std::log(variance), kDouble));
  EXPECT_NEAR(value(kl), integral, 1e-9);
}

TEST(LikelihoodTest, GradientsAgreeWithFiniteDifferences) {
  const auto x = torch::rand({3, 4}, at::detail::createCPUGenerator(6), kDouble);
  const auto a = normal({3, 4}, 7), b = normal({3, 4}, 8);
  EXPECT_LT(gradient_error([&](const Tensor& t) { return gaussian_log_likelihood(x, t, 0.5); }, a), 1e-7);
  EXPECT_LT(gradient_error([&](const Tensor& t) { return bernoulli_log_likelihood(x, t); }, a), 1e-8);
  EXPECT_LT(gradient_error([&](const Tensor& t) { return kl_to_standard_normal(t, b); }, a), 1e-8);
  EXPECT_LT(gradient_error([&](const Tensor& t) { return kl_to_standard_normal(a, t); }, b), 1e-8);
  EXPECT_LT(gradient_error([&](const Tensor& t) { return reparametrise(t, b, x); }, a), 1e-8);
  EXPECT_LT(gradient_error([&](const Tensor& t) { return reparametrise(a, t, x); }, b), 1e-8);
}

TEST(LikelihoodTest, ReparametrisedNoiseHasTheWantedMoments) {
  // Seed 9, 100,000 draws: the mean's standard error is 0.5 / sqrt(1e5) = 0.0016, the deviation's 0.0011;
  // five of each are allowed.
  const auto noise = normal({100000, 1}, 9);
  const auto z = reparametrise(torch::full({1, 1}, 2.0, kDouble),
                               torch::full({1, 1}, 2 * std::log(0.5), kDouble), noise);
  EXPECT_NEAR(value(z.mean()), 2, 0.008);
  EXPECT_NEAR(value(z.std()), 0.5, 0.0056);
}

}  // namespace
}  // namespace belamy::objectives
