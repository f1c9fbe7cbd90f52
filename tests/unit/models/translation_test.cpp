// Image translation: what the conformance suite cannot see of its networks, memories and terms.
#include <cmath>
#include <gmock/gmock.h>
#include <map>
#include <set>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/error.h"

#include "models/shared/past_samples.h"
#include "models/shared/translation_networks.h"
#include "small_data.h"

namespace belamy {
namespace {

using models::PastSamples;
using models::PatchDiscriminator;
using models::UNet;
using testing::HasSubstr;

DataShape images(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return {.channels = channels, .height = height, .width = width};
}

std::map<std::string, double> records_of(Session& session) {
  std::map<std::string, double> all;
  for (const auto& [name, value] : session.take_records()) all[name] = value;
  return all;
}

std::vector<Tensor> parameters_of(Session& session, const std::string& player) {
  std::vector<Tensor> all;
  for (const auto& p : session.state().player(player).parameters()) all.push_back(p.detach().clone());
  return all;
}

bool same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_bits);
}

// --- The pool ---------------------------------------------------------------------------------------------

// Images that are their own numbers: first, first + 1, ...
Tensor numbered(std::int64_t first, std::int64_t count) {
  return torch::arange(first, first + count, torch::kFloat).view({count, 1, 1, 1}).expand({count, 2, 3, 3});
}

TEST(PastSamplesTest, TheFirstPassAndThenHalfAreExchanged) {
  PastSamples pool({50, 2, 3, 3});
  auto generator = seeded(1);
  std::int64_t next = 0;
  for (; next < 56; next += 8) {  // 48, then a batch that fits in part
    EXPECT_TRUE(torch::equal(pool.exchange(numbered(next, 8), generator), numbered(next, 8)));
  }
  std::int64_t exchanged = 0, images = 0;
  std::set<float> seen;
  for (; next < 8000; next += 8, images += 8) {
    const auto fresh = numbered(next, 8), given = pool.exchange(fresh, generator);
    for (int i = 0; i < 8; ++i) {
      const auto number = given[i][0][0][0].item<float>();
      EXPECT_TRUE((given[i] == number).all().item<bool>()) << "parts of several images";
      if (number != fresh[i][0][0][0].item<float>()) {
        ++exchanged;
        EXPECT_LT(number, static_cast<float>(next)) << "given back in the call that brought it";
      }
      if (number < 56) continue;  // kept and given back at once
      EXPECT_TRUE(seen.insert(number).second) << number << " was given twice";
    }
  }
  const auto share = static_cast<double>(exchanged) / static_cast<double>(images);
  EXPECT_NEAR(share, 0.5, 0.025);  // four standard deviations
  // Nothing is lost: what was not given is still kept. The pool has 50, of the first 56 at most.
  EXPECT_GE(static_cast<std::int64_t>(seen.size()), images - 50);
}

TEST(PastSamplesTest, ABatchMayBeGreaterThanThePool) {
  PastSamples pool({3, 2, 3, 3});
  auto generator = seeded(1);
  EXPECT_TRUE(torch::equal(pool.exchange(numbered(0, 7), generator), numbered(0, 7)));
  const auto given = pool.exchange(numbered(7, 7), generator);
  EXPECT_EQ(given.size(0), 7);
  for (int i = 0; i < 7; ++i) {
    const auto number = given[i][0][0][0].item<float>();
    EXPECT_TRUE(number == static_cast<float>(7 + i) || (i < 3 && number < 3)) << number;
  }
}

// --- The networks -----------------------------------------------------------------------------------------

TEST(UNetTest, DepthFollowsFromTheSizeAndTheSizeStays) {
  struct Case {
    std::int64_t height, width;
    std::size_t depth;
  };
  for (const auto& [height, width, depth] : {Case{16, 16, 4}, Case{28, 28, 4}, Case{32, 32, 5},
                                             Case{33, 20, 4}, Case{64, 64, 6}, Case{256, 256, 8}}) {
    UNet net(images(1, height, width), images(3, height, width), 1, "instance", 0.5, seeded(1));
    EXPECT_EQ(net.depth(), depth);
    const auto made = net.forward(torch::randn({2, 1, height, width}, seeded(2)));
    EXPECT_EQ(made.sizes(), (std::vector<std::int64_t>{2, 3, height, width}));
    EXPECT_LE(made.abs().max().item<float>(), 1);
  }
}

TEST(UNetTest, EachLevelIsReachedAroundTheDeeperOnes) {
  UNet net(images(1, 32, 32), images(1, 32, 32), 2, "instance", 0, seeded(1));
  const auto a = torch::randn({1, 1, 32, 32}, seeded(2)), b = torch::randn({1, 1, 32, 32}, seeded(3));
  const torch::NoGradGuard no_grad;
  const auto children = net.named_children();
  for (auto level = net.depth() - 1; level > 0; --level) {
    for (auto& p : children["up" + std::to_string(level)]->parameters()) p.zero_();
    EXPECT_FALSE(torch::equal(net.forward(a), net.forward(b))) << "nothing passes beside level " << level;
  }
}

TEST(UNetTest, DropoutIsItsNoise) {
  UNet net(images(1, 32, 32), images(1, 32, 32), 2, "instance", 0.5, seeded(1));
  UNet quiet(images(1, 32, 32), images(1, 32, 32), 2, "instance", 0, seeded(1));
  const auto x = torch::randn({1, 1, 32, 32}, seeded(2));
  EXPECT_FALSE(torch::equal(net.forward(x), net.forward(x)));
  EXPECT_TRUE(torch::equal(quiet.forward(x), quiet.forward(x)));
  net.eval();
  EXPECT_TRUE(torch::equal(net.forward(x), net.forward(x)));
}

struct AnyTranslation : models::TranslationConfig {};

TEST(PatchDiscriminatorTest, AVerdictIsAboutAPatchOfThePapersSize) {
  AnyTranslation config;
  config.width = 2;
  config.norm = "batch";  // in evaluation it carries nothing from place to place
  for (const auto& [layers, patch] : {std::pair{1, 16}, std::pair{2, 34}, std::pair{3, 70}}) {
    config.discriminator_layers = layers;
    PatchDiscriminator net(1, images(1, 128, 128), config, seeded(1));
    net.eval();
    auto x = torch::randn({1, 1, 128, 128}, torch::kFloat).requires_grad_();
    const auto verdicts = net.forward(x);
    const auto middle = verdicts.size(2) / 2;
    const auto reach = torch::autograd::grad({verdicts[0][0][middle][middle]}, {x})[0][0][0] != 0;
    EXPECT_EQ(reach.any(1).sum().item<std::int64_t>(), patch) << layers;
    EXPECT_EQ(reach.any(0).sum().item<std::int64_t>(), patch) << layers;
  }
}

TEST(PatchDiscriminatorTest, SmallImagesKeepSomeVerdicts) {
  AnyTranslation config;
  config.width = 2;
  for (const auto side : {16, 17, 28, 31, 32, 64}) {
    PatchDiscriminator net(1, images(1, side, side), config, seeded(1));
    EXPECT_GE(net.forward(torch::zeros({1, 1, side, side})).size(2), 2) << side;
  }
}

// --- The models -------------------------------------------------------------------------------------------

TEST(TranslationTest, TrainsWithProductsInBfloat16) {
  for (const std::string name : {"pix2pix", "cyclegan", "simgan", "unit"}) {
    SCOPED_TRACE(name);
    const auto data = name == "pix2pix" ? small_pairs(16) : small_domains(16);
    const auto recipe = recipe_of(name, {"model.width=2", "train.batch=4", "train.precision=bf16"});
    Session session(*recipe, data, kCpu);
    run_steps(session, 4);
    for (const auto& [record, value] : session.take_records()) EXPECT_TRUE(std::isfinite(value)) << record;
  }
}

TEST(Pix2PixTest, LearnsTheWayThatPairsShow) {
  const auto data = small_pairs(64);
  const auto recipe = recipe_of("pix2pix", {"model.width=8", "model.direction=b2a", "train.batch=16",
                                            "train.steps=1000", "optimizer.generator.lr=2e-3"});
  Session session(*recipe, data, kCpu);
  auto* translator = session.state().model().translator();
  ASSERT_EQ(translator->directions(), std::vector<Direction>{Direction::b2a});
  const auto a = session.batches().head(64), b = session.batches().head(64, 1);
  run_steps(session, 150);
  const ModelState::Evaluation evaluation(session.state());
  const auto error = (translator->translate(b, Direction::b2a) - a).abs().mean().item<double>();
  EXPECT_LT(error, 0.25 * (a - a.mean(0, true)).abs().mean().item<double>()) << "one answer for all";
}

TEST(Pix2PixTest, WithoutTheGameTheDiscriminatorStays) {
  const auto recipe = recipe_of("pix2pix", {"model.width=2", "model.adversarial_weight=0", "train.batch=4"});
  const auto data = small_pairs(16);
  Session session(*recipe, data, kCpu);
  const auto before = parameters_of(session, "discriminator");
  run_steps(session, 2);
  EXPECT_TRUE(same(parameters_of(session, "discriminator"), before));
  EXPECT_EQ(records_of(session).count("loss/discriminator"), 0U);
}

TEST(Pix2PixTest, TheSidesMayHaveDifferentChannels) {
  auto data = small_pairs(16);
  data.others = {small_images(16, 16, 3)};
  for (const auto direction : {Direction::a2b, Direction::b2a}) {
    const auto recipe = recipe_of("pix2pix", {"model.width=2", "model.direction=" + direction_name(direction),
                                              "train.batch=4", "train.steps=1"});
    Session session(*recipe, data, kCpu);
    run_steps(session, 1);
    const auto from = session.batches().head(4, domain_of(direction));
    const auto made = session.state().model().translator()->translate(from, direction);
    EXPECT_EQ(made.size(1), direction == Direction::a2b ? 3 : 1);
  }
}

Dataset plain_domains(std::uint8_t grey) {
  auto data = small_domains(16);
  std::fill(data.pixels.begin(), data.pixels.end(), grey);
  std::fill(data.others[0].pixels.begin(), data.others[0].pixels.end(), grey);
  return data;
}

TEST(CycleGanTest, WhatGeneratorsLeaveAloneCostsNothing) {
  for (const std::uint8_t grey : {255, 0}) {
    const auto data = plain_domains(grey);
    const auto recipe = recipe_of("cyclegan", {"model.width=2", "model.blocks=1", "train.batch=4"});
    Session session(*recipe, data, kCpu);
    {  // both generators paint everything white, which is the identity on white images alone
      const torch::NoGradGuard no_grad;
      for (const auto& child : session.state().model().named_children()) {
        if (child.key() != "a2b" && child.key() != "b2a") continue;
        const auto parameters = child.value()->parameters();
        parameters[parameters.size() - 2].zero_();
        parameters[parameters.size() - 1].fill_(20);
      }
    }
    run_steps(session, 1);
    const auto records = records_of(session);
    const double expected = grey == 255 ? 0 : 2;
    EXPECT_EQ(records.at("cycle/a"), expected);
    EXPECT_EQ(records.at("cycle/b"), expected);
    EXPECT_EQ(records.at("loss/identity"), 2 * expected);  // of both domains
  }
}

TEST(CycleGanTest, AnAblationKeepsItsTermsOnly) {
  const std::map<std::string, std::set<std::string>> kept = {
      {"none",
       {"loss/generators-a", "loss/generators-b", "cycle/a", "cycle/b", "loss/identity", "loss/critic_a",
        "loss/critic_b"}},
      {"cycle-only", {"cycle/a", "cycle/b"}},
      {"gan-only", {"loss/generators-a", "loss/generators-b", "loss/critic_a", "loss/critic_b"}},
      {"forward",
       {"loss/generators-a", "loss/generators-b", "cycle/a", "loss/identity", "loss/critic_a",
        "loss/critic_b"}},
      {"backward",
       {"loss/generators-a", "loss/generators-b", "cycle/b", "loss/identity", "loss/critic_a",
        "loss/critic_b"}}};
  const auto data = small_domains(16);
  for (const auto& [ablation, terms] : kept) {
    const auto recipe = recipe_of(
        "cyclegan", {"model.width=2", "model.blocks=0", "train.batch=4", "model.ablation=" + ablation});
    Session session(*recipe, data, kCpu);
    run_steps(session, 1);
    std::set<std::string> found;
    for (const auto& [name, value] : records_of(session)) {
      if (name.starts_with("loss/") || name.starts_with("cycle/")) found.insert(name);
    }
    EXPECT_EQ(found, terms) << ablation;
  }
}

TEST(CycleGanTest, DomainsThatCannotBeComparedAreRefusedWithTheCure) {
  const auto refusal = [](const Dataset& data, const std::vector<std::string>& settings) -> std::string {
    try {
      const auto recipe = recipe_of("cyclegan", settings);
      Session session(*recipe, data, kCpu);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  auto data = small_domains(16);
  data.others = {small_images(16, 16, 3)};
  EXPECT_THAT(refusal(data, {"model.width=2"}), HasSubstr("set data.channels=1"));
  EXPECT_EQ(refusal(data, {"model.width=2", "model.identity=0"}), "");
  data.others = {small_images(16, 32)};
  EXPECT_THAT(refusal(data, {"model.width=2"}), HasSubstr("data.size"));
  data = small_domains(16, 12);
  EXPECT_THAT(refusal(data, {"model.width=2"}), HasSubstr("data.size=16"));
}

TEST(SimGanTest, EachStageMovesItsPlayers) {
  const auto data = small_domains(16);
  const auto recipe = recipe_of("simgan", {"model.width=2", "model.refiner_steps=3", "train.batch=4"});
  recipe->stages = {{"refiner", 2, {}}, {"discriminator", 2, {}}, {"main", 6, {}}};
  Session session(*recipe, data, kCpu);
  const std::vector<std::string> expected = {"refiner", "refiner", "discriminator", "discriminator",
                                             "refiner", "refiner", "both",          "refiner",
                                             "refiner", "both"};
  for (const auto& who : expected) {
    const auto refiner = parameters_of(session, "refiner");
    const auto discriminator = parameters_of(session, "discriminator");
    run_steps(session, 1);
    const bool moved = !same(parameters_of(session, "refiner"), refiner);
    const bool judge_moved = !same(parameters_of(session, "discriminator"), discriminator);
    EXPECT_EQ(moved, who != "discriminator") << "step " << session.step();
    EXPECT_EQ(judge_moved, who != "refiner") << "step " << session.step();
  }
}

TEST(SimGanTest, AnUnknownStageIsRefused) {
  const auto data = small_domains(16);
  const auto recipe = recipe_of("simgan", {"model.width=2"});
  recipe->stages = {{"refine", 2, {}}};
  try {
    Session session(*recipe, data, kCpu);
    ADD_FAILURE() << "took it";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("no stage 'refine'; its stages are refiner, discriminator, main"));
  }
}

TEST(UnitTest, TranslationIsTheOtherDecoderOnTheSharedCode) {
  const auto data = small_domains(16);
  const auto recipe = recipe_of("unit", {"model.width=2", "model.blocks=1", "train.batch=4"});
  Session session(*recipe, data, kCpu);
  auto& model = session.state().model();
  const auto a = session.batches().head(4);
  const ModelState::Evaluation evaluation(session.state());
  const auto before = model.translator()->translate(a, Direction::a2b);
  const auto without = [&](const std::string& part) {
    std::vector<Tensor> kept;
    for (auto& p : model.named_children()[part]->parameters()) {
      kept.push_back(p.clone());
      p.mul_(0.5);
    }
    const auto made = model.translator()->translate(a, Direction::a2b);
    std::size_t i = 0;
    for (auto& p : model.named_children()[part]->parameters()) p.copy_(kept[i++]);
    return made;
  };
  for (const auto* part : {"encoder_a", "into_code", "out_of_code", "decoder_b"}) {
    EXPECT_FALSE(torch::equal(without(part), before)) << part << " takes no part";
  }
  for (const auto* part : {"encoder_b", "decoder_a"}) {
    EXPECT_TRUE(torch::equal(without(part), before)) << part << " takes part";
  }
}

}  // namespace
}  // namespace belamy
