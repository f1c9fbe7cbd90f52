// Norms, reparametrised weights, batch statistics and substitution, against plain formulas.
#include <cmath>
#include <gmock/gmock.h>
#include <torch/torch.h>

#include "belamy/error.h"

#include "models/shared/opponents.h"
#include "nn/batch_statistics.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/norm.h"
#include "nn/substitution.h"
#include "numbers.h"

namespace belamy::nn {
namespace {

Tensor normal_floats(at::IntArrayRef shape, std::uint64_t seed) {
  return torch::randn(shape, seeded(seed));
}
double greatest(const Tensor& x) {
  return x.abs().max().item<double>();
}

TEST(NormTest, BatchNormIsLibTorchs) {
  Norm ours("batch", 3);
  torch::nn::BatchNorm2d theirs(3);
  const auto x = normal_floats({4, 3, 5, 5}, 1) * 3 + 1;
  EXPECT_LT(greatest(ours.forward(x) - theirs(x)), 1e-6);
  ours.eval();
  theirs->eval();
  EXPECT_LT(greatest(ours.forward(x) - theirs(x)), 1e-6);  // the running statistics too
}

TEST(NormTest, PassesWithOtherWeightsAreNotRemembered) {
  Norm norm("batch", 3);
  const auto x = normal_floats({4, 3, 5, 5}, 1) * 3 + 1;
  const auto before = norm.named_buffers()["running_mean"].clone();
  {
    const Substitution stand_in(norm.parameters(), {torch::ones({3}), torch::zeros({3})});
    EXPECT_LT(greatest(norm.forward(x).mean(at::IntArrayRef{0, 2, 3})), 1e-5);
  }
  EXPECT_TRUE(torch::equal(norm.named_buffers()["running_mean"], before));
  norm.forward(x);
  EXPECT_FALSE(torch::equal(norm.named_buffers()["running_mean"], before));
}

TEST(NormTest, ASingleDatumIsRefused) {
  Norm norm("batch", 3);
  EXPECT_THROW(norm.forward(normal_floats({1, 3}, 1)), Error);
  norm.forward(normal_floats({1, 3, 2, 2}, 1));
  norm.eval();
  norm.forward(normal_floats({1, 3}, 1));
}

TEST(NormTest, LayerAndInstanceNormLookAtOneExample) {
  const auto x = normal_floats({4, 3, 5, 5}, 1) * 3 + 1;
  for (const auto* kind : {"layer", "instance"}) {
    Norm norm(kind, 3);
    const auto alone = norm.forward(x.narrow(0, 2, 1)), among = norm.forward(x).narrow(0, 2, 1);
    EXPECT_LT(greatest(alone - among), 1e-5) << kind;
    const auto over = std::string(kind) == "layer" ? among.flatten() : among[0][1].flatten();
    EXPECT_NEAR(over.mean().item<double>(), 0, 1e-5) << kind;
    EXPECT_NEAR(over.var(false).item<double>(), 1, 1e-3) << kind;
  }
}

TEST(NormTest, VirtualBatchNormIsSalimansFormula) {
  const std::int64_t r = 6;
  for (const bool images : {false, true}) {
    const auto x = images ? normal_floats({9, 2, 3, 3}, 2) * 2 + 1 : normal_floats({9, 2}, 2) * 2 + 1;
    for (const auto* kind : {"reference", "virtual"}) {
      Norm norm(kind, 2, r);
      const auto y = norm.forward(x);
      const auto rows = images ? x.flatten(2) : x.unsqueeze(2);  // [9, 2, P]
      const auto mean_r = rows.narrow(0, 0, r).mean(std::vector<std::int64_t>{0, 2});
      const auto square_r = rows.narrow(0, 0, r).square().mean(std::vector<std::int64_t>{0, 2});
      const double own = std::string(kind) == "virtual" ? 1.0 / (r + 1) : 0;
      const auto mean = (1 - own) * mean_r + own * rows[7].mean(1);
      const auto variance = (1 - own) * square_r + own * rows[7].square().mean(1) - mean.square();
      const auto expected = (rows[7] - mean.unsqueeze(1)) / (variance + 1e-5).sqrt().unsqueeze(1);
      EXPECT_LT(greatest(y[7].reshape({2, -1}) - expected), 1e-4) << kind;
      const auto reference =
          (rows[0] - mean_r.unsqueeze(1)) / (square_r - mean_r.square() + 1e-5).sqrt().unsqueeze(1);
      EXPECT_LT(greatest(y[0].reshape({2, -1}) - reference), 1e-4) << kind;
    }
  }
}

TEST(NormTest, ReferenceRowsCutTheTieBetweenTheOthers) {
  // An example's result must not depend on which others stand beside it: the fault of batch norm.
  const auto reference = normal_floats({5, 4}, 1), a = normal_floats({3, 4}, 2),
             b = normal_floats({3, 4}, 3) * 9;
  for (const auto* kind : {"reference", "virtual"}) {
    Norm norm(kind, 4, 5);
    const auto with = [&](const Tensor& other) {
      return norm.forward(at::cat({reference, a.narrow(0, 0, 1), other})).select(0, 5);
    };
    EXPECT_LT(greatest(with(a) - with(b)), 1e-6) << kind;
  }
}

TEST(WeightingTest, SpectralNormIsTheGreatestSingularValue) {
  Dense layer(6, 4, Weighting::spectral);
  initialise(layer, Init::he, seeded(1));
  {
    const torch::NoGradGuard no_grad;
    layer.parameters()[0].mul_(7);
  }
  const auto eye = torch::eye(6);
  for (int i = 0; i < 50; ++i) layer.forward(eye);
  const auto matrix = layer.forward(eye).detach();  // [6, 4] = W^T / sigma, bias 0
  EXPECT_NEAR(std::get<1>(torch::svd(matrix))[0].item<double>(), 1, 1e-4);
  layer.eval();
  const auto once = layer.forward(eye);
  EXPECT_TRUE(torch::equal(once, layer.forward(eye)));
  const Tensor before = layer.buffers()[0].clone();
  layer.forward(eye);
  EXPECT_TRUE(torch::equal(before, layer.buffers()[0])) << "evaluation moved the direction";
}

TEST(WeightingTest, ScaledWeightsHaveTheLengthOfTheirScale) {
  Dense layer(6, 4, Weighting::scaled);
  initialise(layer, Init::he, seeded(1));
  const auto matrix = layer.forward(torch::eye(6));  // [6, 4]
  EXPECT_LT(greatest(matrix.norm(2, 0) - 1), 1e-5);
}

TEST(WeightingTest, ADirectedLayerKeepsTheScaleOfItsStart) {
  Dense layer(6, 4, Weighting::directed);
  initialise(layer, Init::wide, seeded(1));
  const auto x = torch::randn({50, 6}, seeded(2));
  {
    const DataStart start;
    layer.forward(x);
  }
  const auto y = layer.forward(x);
  EXPECT_LT(greatest(y.mean(0)), 1e-5);
  EXPECT_LT(greatest(y.std(0, /*unbiased=*/false) - 1), 1e-5);
  EXPECT_FALSE(layer.named_parameters().contains("scale"));
  EXPECT_TRUE(layer.named_buffers().contains("scale"));
}

TEST(WeightingTest, AScaledLayerIsTheMapOfItsScaledWeight) {
  Dense layer(6, 4, Weighting::scaled);
  initialise(layer, Init::he, seeded(1));
  const auto generator = seeded(2);
  const auto draw = [&](at::IntArrayRef sizes) { return torch::randn(sizes, generator); };
  auto named = layer.named_parameters();
  {
    const torch::NoGradGuard no_grad;
    named["scale"].copy_(draw({4}));
    named["bias"].copy_(draw({4}));
  }
  const auto x = draw({5, 6}), weighed = draw({5, 4});
  const auto gradients = [&](const Tensor& y) {
    return torch::autograd::grad({(y * weighed).sum()}, {named["weight"], named["scale"], named["bias"]});
  };
  const auto rows = named["weight"];
  const auto y = at::linear(x, rows * (named["scale"] / rows.norm(2, 1)).unsqueeze(1), named["bias"]);
  EXPECT_LT(greatest(layer.forward(x) - y), 1e-5);
  const auto got = gradients(layer.forward(x)), wanted = gradients(y);
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_LT(greatest(got[i] - wanted[i]), 1e-5) << i;
}

TEST(InitTest, OrthogonalWeightsHaveOrthogonalRowsOrColumns) {
  for (const auto& [in, out] : {std::pair{6, 4}, std::pair{4, 6}, std::pair{5, 5}}) {
    Dense layer(in, out);
    initialise(layer, Init::orthogonal, seeded(1));
    const auto w = layer.parameters()[0].detach();
    const auto gram = out <= in ? w.mm(w.t()) : w.t().mm(w);
    EXPECT_LT(greatest(gram - 2 * torch::eye(std::min(in, out))), 1e-5);
    const auto usual = w.clone();
    initialise(layer, Init::orthogonal, seeded(1), 0.8);
    EXPECT_LT(greatest(w - usual * 0.8 / std::sqrt(2.0)), 1e-6);
  }
}

Tensor naive_similarity(const Tensor& m) {
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < m.size(0); ++i) {
    auto sum = torch::zeros({m.size(1)}, m.options());
    for (std::int64_t j = 0; j < m.size(0); ++j) {
      if (i != j) sum = sum + (-(m[i] - m[j]).abs().sum(1)).exp();
    }
    rows.push_back(sum);
  }
  return torch::stack(rows);
}

TEST(MinibatchTest, SimilarityIsTheNaiveOneAndSoAreItsGradients) {
  const auto m0 = normal_floats({7, 3, 2}, 1).to(torch::kDouble),
             weight = normal_floats({7, 3}, 2).to(torch::kDouble);
  for (const std::int64_t chunk : {0, 1, 3, 7}) {
    const auto a = m0.clone().requires_grad_(), b = m0.clone().requires_grad_();
    const auto ours = minibatch_similarity(a, chunk), naive = naive_similarity(b);
    EXPECT_LT(greatest(ours - naive), 1e-12);
    const auto first = torch::autograd::grad({(ours * weight).sum()}, {a}, {}, true, true)[0];
    const auto second = torch::autograd::grad({(naive * weight).sum()}, {b}, {}, true, true)[0];
    EXPECT_LT(greatest(first - second), 1e-12) << chunk;
    // And once more, as a penalty on gradients asks.
    const auto twice = torch::autograd::grad({first.square().sum()}, {a})[0];
    const auto expected = torch::autograd::grad({second.square().sum()}, {b})[0];
    EXPECT_LT(greatest(twice - expected), 1e-11) << chunk;
  }
}

TEST(MinibatchTest, DeviationTellsACollapsedBatch) {
  const auto varied = append_deviation(normal_floats({64, 5}, 1)),
             same = append_deviation(torch::ones({64, 5}));
  ASSERT_EQ(varied.size(1), 6);
  EXPECT_NEAR(varied[0][5].item<double>(), 1, 0.2);
  EXPECT_LT(same[0][5].item<double>(), 1e-3);
}

TEST(SubstitutionTest, LayersComputeWithTheReplacements) {
  Dense layer(3, 2);
  initialise(layer, Init::he, seeded(1));
  const auto x = normal_floats({4, 3}, 2), own = layer.forward(x),
             other = normal_floats({2, 3}, 3).requires_grad_();
  {
    const Substitution stand_in(layer.parameters(), {other, torch::zeros({2})});
    const auto y = layer.forward(x);
    EXPECT_LT(greatest(y - at::linear(x, other)), 1e-6);
    EXPECT_TRUE(torch::autograd::grad({y.sum()}, {other})[0].defined());
  }
  EXPECT_TRUE(torch::equal(layer.forward(x), own));
}

TEST(OpponentsTest, PastWeightsAreThoseOfTheKeptSteps) {
  std::vector<Tensor> weights = {torch::zeros({2, 2}), torch::zeros({3})};
  models::PastWeights past(2, 10, weights);
  EXPECT_TRUE(past.draw(weights, 0, 1, 1).empty());
  for (std::int64_t step = 0; step < 35; ++step) {
    weights[0].fill_(static_cast<double>(step));
    past.remember(weights, step);
  }
  std::set<float> seen;
  for (std::int64_t step = 31; step < 80; ++step) {
    const auto drawn = past.draw(weights, step, 1, 1);
    ASSERT_EQ(drawn.size(), 2u);
    seen.insert(drawn[0][0][0].item<float>());
  }
  EXPECT_THAT(seen, testing::ElementsAre(20, 30));
  int drawn = 0;
  for (std::int64_t step = 31; step < 2031; ++step) drawn += !past.draw(weights, step, 0.25, 1).empty();
  EXPECT_NEAR(drawn, 500, 80);
}

TEST(OpponentsTest, TheHistoryIsTheMeanOfAllSteps) {
  std::vector<Tensor> weights = {torch::zeros({2})};
  models::WeightHistory history(weights);
  for (std::int64_t step = 0; step < 4; ++step) {
    weights[0].fill_(static_cast<double>(step));
    history.follow(weights, step);
  }
  EXPECT_NEAR(history.distance(weights).item<double>(), 2 * 1.5 * 1.5, 1e-5);  // 3 against (0+1+2+3)/4
}

}  // namespace
}  // namespace belamy::nn
