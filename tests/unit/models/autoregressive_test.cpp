// MADE and PixelCNN as models: their likelihoods are distributions, their samples and completions follow them.
#include <cmath>
#include <gmock/gmock.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "small_data.h"
#include "small_training.h"

namespace belamy {
namespace {

using Settings = std::vector<std::string>;

// Images of 2x3 pixels, each black or white, some more often than others.
Dataset six_pixels() {
  Dataset data{.name = "six pixels", .count = 64, .channels = 1, .height = 2, .width = 3};
  Random random(3);
  for (std::int64_t i = 0; i < data.count; ++i) {
    const bool left = random.uniform(0, 1) < 0.7;
    for (int pixel = 0; pixel < 6; ++pixel) {
      const bool white = pixel % 3 == 0 ? left : random.uniform(0, 1) < (left ? 0.2 : 0.6);
      data.pixels.push_back(white ? 255 : 0);
    }
  }
  return data;
}

Tensor all_six_pixels() {
  const auto bits =
      torch::arange(64).unsqueeze(1).bitwise_right_shift(torch::arange(5, -1, -1)).bitwise_and(1);
  return (bits * 2 - 1).to(torch::kFloat).view({64, 1, 2, 3});
}

struct ModelCase {
  std::string model;
  Settings settings;
};

void PrintTo(const ModelCase& c, std::ostream* out) {
  *out << c.model << testing::PrintToString(c.settings);
}

class AutoregressiveTest : public testing::TestWithParam<ModelCase> {
 protected:
  AutoregressiveTest() {
    auto settings = GetParam().settings;
    settings.insert(settings.end(),
                    {"train.batch=32", "train.steps=1000", "optimizer." + GetParam().model + ".lr=0.01"});
    recipe_ = recipe_of(GetParam().model, settings);
    session_ = std::make_unique<Session>(*recipe_, six_pixels(), kCpu);
    run_steps(*session_, 60);
  }
  Model& model() { return session_->state().model(); }
  Tensor probabilities() {
    return model().density()->log_likelihood(all_six_pixels(), seeded(1)).to(torch::kDouble).exp();
  }

  std::unique_ptr<Recipe> recipe_;
  std::unique_ptr<Session> session_;
};

TEST_P(AutoregressiveTest, TheProbabilitiesOfAllImagesSumToOne) {
  const ModelState::Evaluation evaluation(session_->state());
  EXPECT_EQ(model().density()->kind(), Density::Kind::exact);
  EXPECT_EQ(model().density()->levels(), 2);
  EXPECT_NEAR(probabilities().sum().item<double>(), 1, 1e-5);  // single precision
}

// 20,000 samples: each image's frequency within 5 standard errors of its probability.
TEST_P(AutoregressiveTest, SamplesHaveTheProbabilitiesOfTheDensity) {
  const ModelState::Evaluation evaluation(session_->state());
  const std::int64_t n = 20'000;
  const auto p = probabilities();
  const auto x = model().sampler()->sample({n, seeded(2)});
  const auto weights = torch::tensor({32, 16, 8, 4, 2, 1}, torch::kFloat);
  const auto places = ((x + 1) * 0.5).flatten(1).matmul(weights).round().to(torch::kLong);
  const auto shares = places.bincount({}, 64).to(torch::kDouble) / static_cast<double>(n);
  const auto errors = (p * (1 - p) / static_cast<double>(n)).sqrt() + 1e-9;
  EXPECT_LT(((shares - p) / errors).abs().max().item<double>(), 5);
  EXPECT_GT((p - 1.0 / 64).abs().max().item<double>(), 0.01) << "nothing was learned";
}

// The upper row is given: completions have the probabilities of the lower one, given it.
TEST_P(AutoregressiveTest, CompletionsKeepWhatIsKnownAndHaveTheConditionalProbabilities) {
  const ModelState::Evaluation evaluation(session_->state());
  auto* completer = model().completer();
  if (!completer) return;
  EXPECT_FALSE(completer->any_region());
  const std::int64_t n = 10'000, upper = 5;  // 101
  const auto p = probabilities().view({8, 8})[upper];
  const auto conditional = p / p.sum();
  const auto images = all_six_pixels()[upper * 8 + 3].unsqueeze(0).expand({n, 1, 2, 3});
  auto known = torch::zeros({n, 1, 2, 3});
  known.select(2, 0).fill_(1);
  const auto made = completer->complete(images, known, {n, seeded(4)});
  EXPECT_TRUE(torch::equal(made.select(2, 0), images.select(2, 0)));
  const auto lower =
      ((made.select(2, 1) + 1) * 0.5).flatten(1).matmul(torch::tensor({4, 2, 1}, torch::kFloat));
  const auto shares =
      lower.round().to(torch::kLong).bincount({}, 8).to(torch::kDouble) / static_cast<double>(n);
  const auto errors = (conditional * (1 - conditional) / static_cast<double>(n)).sqrt() + 1e-9;
  EXPECT_LT(((shares - conditional) / errors).abs().max().item<double>(), 5);
}

INSTANTIATE_TEST_SUITE_P(
    Models, AutoregressiveTest,
    testing::Values(
        ModelCase{"made", {"model.hidden=[16]"}},
        ModelCase{"made", {"model.hidden=[16, 12]", "model.order=random"}},
        ModelCase{"made", {"model.hidden=[16]", "model.masks=3", "model.order=random", "use.ensemble=3"}},
        ModelCase{"pixelcnn", {"model.width=6", "model.blocks=2", "model.head=8"}},
        ModelCase{"pixelcnn", {"model.width=6", "model.blocks=2", "model.head=8", "model.stack=plain"}},
        ModelCase{"pixelcnn", {"model.width=6", "model.blocks=1", "use.cache=false"}}));

// The mean of whole likelihoods, not of their logarithms, nor of the factors.
TEST(MadeEnsemble, IsTheMeanOfTheLikelihoodsOfItsSets) {
  const auto likelihood = [](std::int64_t ensemble) {
    const auto recipe = recipe_of("made", {"model.hidden=[16]", "model.masks=2", "model.order=random",
                                           "train.batch=32", "use.ensemble=" + std::to_string(ensemble)});
    Session session(*recipe, six_pixels(), kCpu);
    run_steps(session, 20);
    const ModelState::Evaluation evaluation(session.state());
    return session.state().model().density()->log_likelihood(all_six_pixels(), seeded(1)).exp();
  };
  const auto one = likelihood(1), both = likelihood(2), other = 2 * both - one;
  EXPECT_GE(other.min().item<double>(), -1e-6);
  EXPECT_NEAR(other.sum().item<double>(), 1, 1e-5);
  EXPECT_GT((other - one).abs().max().item<double>(), 1e-4) << "the sets are alike";
}

TEST(PixelCnn, DrawsTheSameImagesWithAndWithoutTheCache) {
  for (const auto& more :
       {Settings{"model.stack=gated"}, Settings{"model.stack=plain"}, Settings{"model.output=logistics"}}) {
    const auto drawn = [&](const std::string& cache) {
      const auto recipe =
          recipe_of("pixelcnn",
                    with({"model.width=6", "model.blocks=2", "train.batch=16", "use.cache=" + cache}, more));
      Session session(*recipe, small_images(32, 9), kCpu);
      run_steps(session, 20);
      const ModelState::Evaluation evaluation(session.state());
      return session.state().model().sampler()->sample({6, seeded(3)});
    };
    // A draw that is nearer to a threshold than rounding may fall to the other side: none did for this seed.
    EXPECT_LT((drawn("true") - drawn("false")).abs().max().item<float>(), 1e-6) << more[0];
  }
}

// At 0 each pixel is the likeliest one, whatever the seed; near 0 it almost is.
TEST(PixelCnn, ATemperatureOfZeroLeavesNothingToChance) {
  for (const std::string output : {"binary", "logistics"}) {
    const auto drawn = [&](const std::string& temperature, std::uint64_t seed) {
      const auto recipe = recipe_of("pixelcnn", {"model.width=6", "model.blocks=2", "train.batch=16",
                                                 "model.output=" + output, "use.temperature=" + temperature});
      Session session(*recipe, small_images(32, 9), kCpu);
      run_steps(session, 20);
      const ModelState::Evaluation evaluation(session.state());
      return session.state().model().sampler()->sample({6, seeded(seed)});
    };
    const auto likeliest = drawn("0", 1);
    EXPECT_TRUE(same_bits(likeliest, drawn("0", 2))) << output;
    EXPECT_FALSE(same_bits(likeliest, drawn("1", 1))) << output;
    EXPECT_FALSE(same_bits(drawn("0.5", 1), drawn("1", 1))) << output;
  }
}

TEST(PixelCnn, ColoursAreLevelsAndDependOnEachOther) {
  const auto recipe =
      recipe_of("pixelcnn", {"model.output=logistics", "model.width=8", "model.blocks=1", "train.batch=16"});
  Session session(*recipe, small_images(32, 8, 3), kCpu);
  run_steps(session, 5);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  EXPECT_EQ(model.density()->levels(), 256);
  const auto x = model.sampler()->sample({4, seeded(1)});
  const auto bytes = (x + 1) * 127.5;
  EXPECT_LT((bytes - bytes.round()).abs().max().item<float>(), 1e-3);
  const auto before = model.density()->log_likelihood(x, seeded(1));
  EXPECT_TRUE(torch::isfinite(before).all().item<bool>());
}

TEST(PixelCnn, SettingsThatContradictTheDataAreRefused) {
  const auto refused = [](const Settings& settings, std::int64_t channels) {
    return message_of(ExitCode::usage, [&] {
      const auto recipe = recipe_of("pixelcnn", settings);
      Session session(*recipe, small_images(16, 8, channels), kCpu);
    });
  };
  EXPECT_THAT(refused({}, 3), testing::HasSubstr("model.output=logistics"));
  EXPECT_THAT(refused({"model.kernel=4"}, 1), testing::HasSubstr("model.kernel=5"));
  EXPECT_THAT(refused({"model.first_kernel=6"}, 1), testing::HasSubstr("model.first_kernel=7"));
}

}  // namespace
}  // namespace belamy
