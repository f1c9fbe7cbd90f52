// The game as a component: in every model that plays one, with a condition, and with codes.
#include "models/shared/game.h"

#include <cmath>
#include <gmock/gmock.h>
#include <map>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "small_data.h"

namespace belamy {
namespace {

using models::Game;
using models::GameSettings;
using models::GameSetup;

// Of all players, by name, after one step.
std::map<std::string, Tensor> weights_after(const std::string& model, const std::vector<std::string>& more,
                                            int steps = 1) {
  const auto& info = find_model(model);
  auto settings = info.tiny;
  settings.push_back("train.batch=8");
  settings.insert(settings.end(), more.begin(), more.end());
  const auto recipe = recipe_of(model, settings);
  const auto data = info.relation == Relation::pairs     ? small_pairs(32)
                    : info.relation == Relation::domains ? small_domains(32)
                                                         : small_images(32);
  Session session(*recipe, data, kCpu);
  run_steps(session, steps);
  std::map<std::string, Tensor> all;
  for (const auto& player : session.state().players()) {
    std::vector<Tensor> flat;
    for (const auto& p : player->parameters()) flat.push_back(p.detach().flatten());
    all[player->name()] = torch::cat(flat).clone();
  }
  return all;
}

class EveryGameTest : public testing::TestWithParam<std::pair<std::string, std::string>> {};

// One key reaches the discriminator, whatever the model.
TEST_P(EveryGameTest, ARegulariserMovesTheDiscriminatorElsewhere) {
  const auto& [model, discriminator] = GetParam();
  constexpr int kSteps = 2;  // SimGAN's discriminator moves at every second
  const auto plain = weights_after(model, {}, kSteps).at(discriminator);
  for (const auto* setting : {"model.r1=5", "model.gradient_penalty=10", "model.dragan=10", "model.r2=5",
                              "model.roth=1", "model.clip_weights=0.01", "model.instance_noise=0.5"}) {
    const auto changed = weights_after(model, {setting}, kSteps).at(discriminator);
    EXPECT_FALSE(same_bits(plain, changed)) << setting;
    EXPECT_TRUE(torch::isfinite(changed).all().item<bool>()) << setting;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models, EveryGameTest,
    testing::Values(std::pair{"cyclegan", "critic_a"}, std::pair{"unit", "critic_b"},
                    std::pair{"pix2pix", "discriminator"}, std::pair{"simgan", "discriminator"},
                    std::pair{"aae", "discriminator"}, std::pair{"vae-gan", "discriminator"},
                    std::pair{"cogan", "discriminator"}, std::pair{"adda", "adversary"}));

struct Owner : torch::nn::Module {};

// A discriminator of one number a datum: t = x + the condition.
std::shared_ptr<nn::Chain> told() {
  const auto chain = std::make_shared<nn::Chain>();
  chain->add_conditional([](const Tensor& x, const Tensor& condition) { return x + condition; });
  chain->add([](const Tensor& x) { return x; });
  return chain;
}

TEST(GameTest, TheConditionReachesTheVerdictAndTheFeatures) {
  Owner owner;
  Game game(owner, GameSettings(), GameSetup{.discriminator = told(), .sizes = {1, 1}});
  const auto x = torch::tensor({{1.f}, {2.f}}), condition = torch::tensor({{10.f}, {20.f}});
  EXPECT_TRUE(torch::equal(game.judge(x, condition), torch::tensor({11.f, 22.f})));
  EXPECT_TRUE(torch::equal(game.features(x, condition), torch::tensor({{11.f}, {22.f}})));
}

TEST(GameTest, ALayerNumberBeyondTheDiscriminatorIsRefused) {
  Owner owner;
  GameSettings settings;
  settings.feature_layer = 1;
  EXPECT_THROW(Game(owner, settings, GameSetup{.discriminator = told(), .sizes = {1, 1}}), Error);
}

TEST(GameTest, TwoGamesOfOneModelRememberApart) {
  Owner owner;
  GameSettings settings;
  settings.replay = 4;
  Game a(owner, settings, GameSetup{.discriminator = told(), .sizes = {1, 1}, .suffix = "_a"});
  Game b(owner, settings, GameSetup{.discriminator = told(), .sizes = {1, 2}, .suffix = "_b"});
  const auto buffers = owner.named_buffers();
  EXPECT_EQ(buffers["replay_a.kept"].sizes(), (std::vector<std::int64_t>{4, 1}));
  EXPECT_EQ(buffers["replay_b.kept"].sizes(), (std::vector<std::int64_t>{4, 2}));
}

double mean_record(const std::string& model, const std::vector<std::string>& settings,
                   const std::string& name, int steps) {
  const auto recipe = recipe_of(model, settings);
  Session session(*recipe, small_images(200), kCpu);
  run_steps(session, steps);
  for (const auto& [key, value] : session.take_records()) {
    if (key == name) return value;
  }
  ADD_FAILURE() << name << " was not recorded";
  return 0;
}

// The bound is at most the entropy of the codes, near 0 at first, and rises where it counts.
TEST(InfoganTest, TheBoundRisesTowardsTheEntropyOfTheCategories) {
  const std::vector<std::string> settings = {"model.width=8", "model.latent=4", "model.numbers=0",
                                             "train.batch=40", "optimizer.discriminator.lr=2e-3"};
  const auto bound = [&](const std::string& weight, int steps) {
    auto all = settings;
    all.push_back("model.information=" + weight);
    const auto recipe = recipe_of("infogan", all);
    Session session(*recipe, small_images(200), kCpu);
    run_steps(session, steps);
    session.take_records();
    run_steps(session, 3);
    for (const auto& [key, value] : session.take_records()) {
      if (key == "information/categories") return value;
    }
    return std::nan("");
  };
  const auto entropy = std::log(10.0);
  EXPECT_LT(bound("1", 0), 0.5);
  const auto risen = bound("1", 80);
  EXPECT_GT(risen, 1.5);
  EXPECT_LT(risen, entropy);
  EXPECT_LT(bound("0", 80), 0.5);
}

TEST(InfoganTest, AClusterThatIsAskedForIsTheFirstCode) {
  const auto recipe = recipe_of("infogan", {"model.width=8", "model.latent=4", "train.batch=8"});
  Session session(*recipe, small_images(32), kCpu);
  auto* sampler = session.state().model().sampler();
  EXPECT_EQ(sampler->clusters(), 10);
  EXPECT_FALSE(session.state().model().classifier()->supervised());
  const ModelState::Evaluation evaluation(session.state());
  const auto of = [&](std::int64_t k) { return sampler->sample({4, seeded(1), {torch::full({4}, k)}}); };
  EXPECT_TRUE(same_bits(of(3), of(3)));
  EXPECT_FALSE(same_bits(of(3), of(4)));
}

// Without the term on samples the classifier's loss is about data alone.
TEST(AcganTest, SamplesTeachClassesOnlyWhereTheyAreAskedTo) {
  const auto with = weights_after("acgan", {}),
             without = weights_after("acgan", {"model.classify_samples=false"});
  EXPECT_FALSE(same_bits(with.at("discriminator"), without.at("discriminator")));
  const std::vector<std::string> settings = {"model.width=8", "model.latent=4", "train.batch=40"};
  EXPECT_LT(mean_record("acgan", settings, "error/labelled", 60), 0.6);  // guessing: 0.9
}

TEST(TruncationTest, LatentsStayInBoundsWhenTheModelIsUsed) {
  const auto recipe = recipe_of("dcgan", {"model.width=4", "use.truncation=0.5", "train.batch=8"});
  Session session(*recipe, small_images(32), kCpu);
  run_steps(session, 1);
  auto* decoder = session.state().model().decoder();
  EXPECT_GT(decoder->draw_latent(1000, seeded(1)).abs().max().item<float>(), 2);  // in training: all of it
  const ModelState::Evaluation evaluation(session.state());
  const auto z = decoder->draw_latent(1000, seeded(1));
  EXPECT_LE(z.abs().max().item<float>(), 0.5f);
  // Of N(0, 1) between -1/2 and 1/2: the variance is 1 - phi(1/2) / (2 Phi(1/2) - 1).
  EXPECT_NEAR(z.square().mean().item<double>(), 0.0806, 0.001);
}

TEST(StagesTest, AStageHasABatchOfItsOwnAndTheDataGoOn) {
  const auto recipe = Recipe::parse(
      "[model]\nname = \"gan\"\n[train]\nbatch = 16\n[[stage]]\nname = \"main\"\nsteps = 3\n[[stage]]\nname "
      "= "
      "\"main\"\nsteps = 4\ntrain.batch = 8\n",
      "a test");
  EXPECT_EQ(recipe->batch_in(recipe->stages[0]), 16);
  EXPECT_EQ(recipe->batch_in(recipe->stages[1]), 8);
  EXPECT_THAT(recipe->resolved(), testing::HasSubstr("train.batch = 8"));
  const auto data = small_points(64);
  Session session(*recipe, data, kCpu);
  run_steps(session, 3);
  EXPECT_DOUBLE_EQ(session.epoch(), 3 * 16 / 64.0);
  run_steps(session, 2);
  EXPECT_DOUBLE_EQ(session.epoch(), (3 * 16 + 2 * 8) / 64.0);
  // One epoch, in batches of whatever size, shows every example once.
  Batches batches(data, {}, 16, 1, kCpu);
  std::vector<Tensor> seen;
  for (std::int64_t i = 0; i < 3; ++i) seen.push_back(batches.at({i, 16 * i, 16}).indices);
  for (std::int64_t i = 0; i < 2; ++i) seen.push_back(batches.at({3 + i, 48 + 8 * i, 8}).indices);
  EXPECT_TRUE(torch::equal(std::get<0>(torch::cat(seen).sort()), torch::arange(64)));
}

TEST(StagesTest, AnUnknownStageIsRefusedWithThoseThatThereAre) {
  const auto recipe = Recipe::parse(
      "[model]\nname = \"dbn\"\nhidden = [8, 8]\n[[stage]]\nname = \"layer-3\"\nsteps = 3\n", "a test");
  try {
    Session session(*recipe, small_images(32), kCpu);
    FAIL() << "layer-3 of two";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("layer-3"));
    EXPECT_THAT(error.what(), testing::HasSubstr("layer-1, layer-2"));
  }
}

}  // namespace
}  // namespace belamy
