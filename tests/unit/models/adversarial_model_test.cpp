// The game's tricks as a user meets them: one key changed in a recipe, a few steps, what moved and what did
// not.
#include <gmock/gmock.h>
#include <torch/types.h>

#include "nn/products.h"
#include "small_data.h"

namespace belamy {
namespace {

// A small GAN on two blobs after some steps.
class Played {
 public:
  explicit Played(std::vector<std::string> settings, int steps = 1, const std::string& model = "gan")
      : data_(small_points(64)) {
    std::vector<std::string> all = {"train.batch=16", "train.steps=100"};
    if (model == "gan") {
      for (const auto* s : {"model.generator=[8]", "model.discriminator=[8]", "model.latent=4"})
        all.push_back(s);
      for (const auto* s : {"model.dropout=0", "model.generator_norm=none"}) all.push_back(s);
    }
    all.insert(all.end(), settings.begin(), settings.end());
    recipe_ = recipe_of(model, all);
    session_.emplace(*recipe_, data_, kCpu);
    run_steps(*session_, steps);
  }
  Session& session() { return *session_; }
  Tensor weights(const std::string& player) {
    std::vector<Tensor> flat;
    for (const auto& p : session_->state().player(player).parameters()) flat.push_back(p.detach().flatten());
    return torch::cat(flat).clone();
  }
  double recorded(const std::string& name) {
    for (const auto& [key, value] : session_->take_records()) {
      if (key == name) return value;
    }
    ADD_FAILURE() << name << " was not recorded";
    return 0;
  }

 private:
  Dataset data_;
  std::unique_ptr<Recipe> recipe_;
  std::optional<Session> session_;
};

TEST(GameTest, ALazyPenaltyCountsRarelyAndAsMuchMore) {
  const auto after = [](std::vector<std::string> settings, int steps) {
    settings.push_back(
        "optimizer.discriminator.optimizer=sgd");  // Adam's first step hides the gradient's size
    return Played(settings, steps).weights("discriminator");
  };
  const std::vector<std::string> lazy = {"model.r1=1", "model.penalty_every=4"}, often = {"model.r1=4"};
  EXPECT_TRUE(same_bits(after(lazy, 1), after(often, 1)));
  EXPECT_FALSE(same_bits(after(lazy, 2), after(often, 2)));
  EXPECT_FALSE(same_bits(after(lazy, 1), after({}, 1)));
}

// The discriminator's updates with the term are every second, the generator's own every second of its
// updates.
TEST(GameTest, ConsensusReachesTheGeneratorWhateverItsRhythm) {
  Played game({"model.consensus=0.1", "model.critic_steps=2", "model.penalty_every=2"});
  game.recorded("penalty/consensus");
  run_steps(game.session(), 1);
  EXPECT_GT(game.recorded("penalty/consensus"), 0);  // of the generator: the discriminator's is not due
}

TEST(GameTest, TheReplayBufferTakesTheSamplesOfEveryStep) {
  Played game({"model.replay=48", "model.past_players=2", "model.past_every=1", "model.past_share=1"}, 3);
  const auto kept = game.session().state().model().named_buffers()["replay.kept"];
  EXPECT_GT(kept.abs().sum(1).min().item<float>(), 0);
}

TEST(GameTest, PackedFeaturesAreOfImagesOfAnySize) {
  const auto recipe =
      recipe_of("dcgan", {"model.packing=2", "model.width=4", "train.batch=8", "train.steps=1"});
  Session session(*recipe, small_images(16, 16), kCpu);
  const auto maps = session.state().model().featurizer()->features(torch::zeros({3, 1, 48, 32}));
  EXPECT_EQ(maps[0].size(0), 3);
}

// One pass for data and samples where nothing in the discriminator mixes examples; passes of their own where
// its layers do, or with the fast paths off.
TEST(GameTest, OnePassOfTheDiscriminatorIsWorthTwo) {
  const auto after = [](bool fast, const std::vector<std::string>& settings) {
    nn::set_fast_paths(fast);
    const auto weights = Played(settings, 3).weights("discriminator");
    nn::set_fast_paths(true);
    return weights;
  };
  const auto sgd = std::string("optimizer.discriminator.optimizer=sgd");  // Adam makes rounding into signs
  for (const auto& norm : {"model.discriminator_norm=layer", "model.discriminator_norm=batch"}) {
    const auto once = after(true, {norm, sgd}), twice = after(false, {norm, sgd});
    EXPECT_LT((once - twice).norm().item<double>(), 1e-5 * twice.norm().item<double>()) << norm;
  }
  const auto joint = after(true, {"model.discriminator_norm=batch", "model.joint_batch=true", sgd});
  EXPECT_GT((joint - after(true, {"model.discriminator_norm=batch", sgd})).norm().item<double>(), 1e-4);
}

TEST(GameTest, TheDiscriminatorSeesScaledData) {
  Played scaled({"model.input_scale=0.25"}, 0), plain({}, 0);
  const auto x = torch::randn({5, 2});
  const auto score = [](Played& game, const Tensor& data) {
    const ModelState::Evaluation evaluation(game.session().state());
    return game.session().state().model().scorer()->score(data);
  };
  EXPECT_TRUE(torch::allclose(score(scaled, x), score(plain, x * 0.25), 1e-6, 1e-7));
}

TEST(GameTest, ClippedWeightsStayInTheirBox) {
  Played game({"model.clip_weights=0.01"}, 3);
  EXPECT_LE(game.weights("discriminator").abs().max().item<float>(), 0.01f);
  EXPECT_GT(game.weights("generator").abs().max().item<float>(), 0.01f);
}

TEST(GameTest, TheGeneratorMovesAtEveryKthStep) {
  const auto start = Played({"model.critic_steps=3"}, 0).weights("generator");
  EXPECT_TRUE(same_bits(Played({"model.critic_steps=3"}, 2).weights("generator"), start));
  EXPECT_FALSE(same_bits(Played({"model.critic_steps=3"}, 3).weights("generator"), start));
}

TEST(GameTest, UnrollingMovesTheGeneratorAndLeavesTheDiscriminatorItsOwnStep) {
  // The discriminator moves first, so its first step must be the plain one to the bit. Both players need a
  // second step before the generator's looks ahead through moments.
  Played plain({}, 1), unrolled({"model.unroll=3"}, 1);
  EXPECT_TRUE(same_bits(plain.weights("discriminator"), unrolled.weights("discriminator")));
  EXPECT_FALSE(same_bits(plain.weights("generator"), unrolled.weights("generator")));
}

TEST(GameTest, APackNeedsAllOfItsDataAndScoresOneDatumAsAFullPack) {
  Played game({"model.packing=4"}, 2);
  const auto points = game.session().batches().head(5);
  const ModelState::Evaluation evaluation(game.session().state());
  auto* scorer = game.session().state().model().scorer();
  const auto scores = scorer->score(points);
  ASSERT_EQ(scores.sizes().vec(), std::vector<std::int64_t>{5});
  EXPECT_NEAR(scorer->score(points.narrow(0, 3, 1))[0].item<float>(), scores[3].item<float>(), 1e-5);
}

TEST(GameTest, FeatureMatchingCanTakeTheObjectivesPlace) {
  Played both({"model.feature_matching=1"}),
      alone({"model.feature_matching=1", "model.adversarial_weight=0"});
  EXPECT_GT(both.recorded("loss/feature-matching"), 0);
  std::set<std::string> names;
  for (const auto& [name, value] : alone.session().take_records()) names.insert(name);
  EXPECT_TRUE(names.count("loss/feature-matching"));
  EXPECT_FALSE(names.count("loss/generator"));
}

TEST(GameTest, HistoricalAveragingHoldsTheWeightsBack) {
  const auto travelled = [](const std::string& weight) {
    Played start({"model.historical_averaging=" + weight}, 0),
        end({"model.historical_averaging=" + weight}, 60);
    return (end.weights("generator") - start.weights("generator")).norm().item<double>();
  };
  EXPECT_LT(travelled("100"), 0.5 * travelled("0"));
}

TEST(GameTest, InstanceNoiseBlursWhatTheDiscriminatorSees) {
  // Overwhelming noise: data and samples look the same, however long it has learned.
  EXPECT_NEAR(Played({"model.instance_noise=100", "model.instance_noise_schedule=constant",
                      "optimizer.discriminator.lr=1e-4"},
                     60)
                  .recorded("belief/real"),
              0.5, 0.45);
  Played off({"model.instance_noise=0"}), on({"model.instance_noise=1"});
  EXPECT_FALSE(same_bits(off.weights("discriminator"), on.weights("discriminator")));
}

TEST(GameTest, DiracGanCirclesUntilR1StopsIt) {
  // theta^2 + psi^2 in each dimension: simultaneous or alternating steps do not shrink it, R1 does.
  const auto radius = [](const std::string& r1) {
    Dataset data{.name = "origin", .count = 16, .dimension = 1};
    data.points.assign(16, 0.f);
    const auto recipe = recipe_of("dirac-gan", {"model.r1=" + r1, "train.batch=16", "train.steps=2000"});
    Session session(*recipe, data, kCpu);
    run_steps(session, 1500);
    double sum = 0;
    for (const auto& p : session.state().model().parameters()) sum += p.square().sum().item<double>();
    return std::sqrt(sum);
  };
  EXPECT_NEAR(radius("0"), std::sqrt(2.0), 0.2);
  EXPECT_LT(radius("0.3"), 0.01);
}

TEST(GameTest, AShiftGanFindsTheMean) {
  Dataset data{.name = "normal", .count = 4096, .dimension = 1};
  Random random(3);
  for (int i = 0; i < 4096; ++i) data.points.push_back(static_cast<float>(3 + random.normal()));
  const auto recipe =
      recipe_of("shift-gan", {"model.r1=0.1", "train.batch=256", "train.steps=2000", "model.start=-1"});
  Session session(*recipe, data, kCpu);
  run_steps(session, 1500);
  const ModelState::Evaluation evaluation(session.state());
  EXPECT_NEAR(session.state().model().sampler()->sample({20000, seeded(1)}).mean().item<double>(), 3, 0.15);
}

class SemiGanTest : public testing::Test {
 protected:
  // D does not move and sees no noise: what a step records can be computed after it.
  SemiGanTest()
      : recipe_(recipe_of("semi-gan",
                          {"train.batch=20", "train.steps=10", "data.labelled=20", "model.generator=[16, 16]",
                           "model.discriminator=[16, 8]", "model.latent=4", "model.input_noise=0",
                           "model.hidden_noise=0", "optimizer.discriminator.lr=0"})),
        session_(*recipe_, small_images(200), kCpu) {}

  std::unique_ptr<Recipe> recipe_;
  Session session_;
};

// As in the authors' code.
TEST_F(SemiGanTest, OnlyTheLastLayersLearnScales) {
  std::vector<std::string> scales;
  for (const auto& item : session_.state().model().named_parameters()) {
    if (item.value().dim() == 1 && !item.key().ends_with("bias")) scales.push_back(item.key());
  }
  EXPECT_THAT(scales, testing::UnorderedElementsAre("generator.6.scale", "discriminator.8.scale"));
}

TEST_F(SemiGanTest, GeneratedIsTheClassBesideTheOthers) {
  session_.run_step();
  const auto batch = session_.batches().at(0);
  auto& model = session_.state().model();
  const auto records = session_.take_records();
  const auto recorded = [&](const std::string& name) {
    for (const auto& [key, value] : records) {
      if (key == name) return value;
    }
    return std::nan("");
  };
  const torch::NoGradGuard no_grad;
  const auto odds = model.classifier()->classify(batch.data).exp().sum(1);
  EXPECT_NEAR(recorded("belief/real"), (odds / (odds + 1)).mean().item<double>(), 1e-6);
  const auto& told = batch.labelled;
  const auto of_label =
      at::softmax(model.classifier()->classify(told.data), 1).gather(1, told.labels.unsqueeze(1));
  EXPECT_NEAR(recorded("loss/labelled"), -of_label.log().mean().item<double>(), 1e-5);
  EXPECT_EQ(told.labels.size(0), 20);
}

}  // namespace
}  // namespace belamy
