// AnoGAN: what the conformance suite cannot see of its encoder, its search and its scores.
#include <gmock/gmock.h>
#include <map>
#include <torch/types.h>

#include "small_training.h"

namespace belamy {
namespace {

const std::vector<std::string> kAnogan = {"model.width=8",
                                          "model.latent=8",
                                          "model.critic_steps=1",
                                          "train.batch=32",
                                          "optimizer.discriminator.lr=1e-3",
                                          "optimizer.generator.lr=1e-3",
                                          "optimizer.encoder.lr=1e-3"};

std::unique_ptr<Recipe> staged(const std::vector<std::string>& more, std::int64_t gan, std::int64_t encoder) {
  auto recipe = recipe_of("anogan", with(kAnogan, more));
  recipe->stages = {{"gan", gan}, {"encoder", encoder}};
  return recipe;
}

// Weights and statistics of a network.
std::vector<Tensor> state_of(torch::nn::Module& model, const std::string& network) {
  const auto& part = *model.named_children()[network];
  auto all = copies_of(part.parameters());
  for (const auto& buffer : copies_of(part.buffers())) all.push_back(buffer);
  return all;
}

TEST(Anogan, EachStageMovesItsOwnNetworksOnly) {
  const auto recipe = staged({}, 4, 4);
  Session session(*recipe, small_images(64), kCpu);
  std::map<std::string, std::vector<Tensor>> before;
  const auto moves = [&](const std::string& network) {
    return !all_same_bits(state_of(session.state().model(), network), before[network]);
  };
  const auto remember = [&] {
    for (const auto* network : {"generator", "discriminator", "encoder"})
      before[network] = state_of(session.state().model(), network);
  };
  remember();
  run_steps(session, 4);
  EXPECT_TRUE(moves("generator"));
  EXPECT_TRUE(moves("discriminator"));
  EXPECT_FALSE(moves("encoder"));
  remember();
  run_steps(session, 4);
  EXPECT_FALSE(moves("generator")) << "weights or statistics";
  EXPECT_FALSE(moves("discriminator"));
  EXPECT_TRUE(moves("encoder"));
}

TEST(Anogan, TheFeaturesAreAddedToTheErrorOfPixels) {
  const auto scores = [&](const std::vector<std::string>& more) {
    const auto recipe = recipe_of("anogan", with(kAnogan, more));
    Session session(*recipe, small_images(64), kCpu);
    const ModelState::Evaluation evaluation(session.state());
    auto& model = session.state().model();
    const auto data = session.batches().head(8);
    EXPECT_TRUE(model.scorer()->score(data).gt(0).all().item<bool>());
    return model.scorer()->score(data);
  };
  const auto none = scores({"model.feature_weight=0"}), one = scores({}),
             two = scores({"model.feature_weight=2"});
  EXPECT_TRUE(same_bits(none, scores({"use.score=izi"})));
  EXPECT_FALSE(same_bits(none, one));
  EXPECT_TRUE(at::allclose(two - none, 2 * (one - none), 1e-3, 1e-6));
}

TEST(Anogan, UnboundedLatentsMayBeLarge) {
  const auto largest = [&](const std::string& bounded) {
    const auto recipe = recipe_of("anogan", with(kAnogan, {bounded}));
    Session session(*recipe, small_images(64), kCpu);
    auto& model = session.state().model();
    const torch::NoGradGuard no_grad;
    for (auto& weight : model.named_children()["encoder"]->parameters()) weight.mul_(30);
    return model.encoder()->encode(session.batches().head(8)).abs().max().item<double>();
  };
  EXPECT_LE(largest("model.bounded=true"), 1);
  EXPECT_GT(largest("model.bounded=false"), 1);
}

// An image that the generator makes has a latent; an untrained encoder does not know it, the search finds it.
TEST(Anogan, TheSearchFindsAnImageThatTheGeneratorMakes) {
  const auto error = [&](const std::vector<std::string>& use) {
    const auto recipe = staged(use, 100, 1);
    Session session(*recipe, small_images(64), kCpu);
    run_steps(session, 100);
    const ModelState::Evaluation evaluation(session.state());
    auto& model = session.state().model();
    const auto made = model.sampler()->sample({8, seeded(3)});
    return (model.reconstructor()->reconstruct(made) - made).square().mean().item<double>();
  };
  const auto by_encoder = error({}), one = error({"use.search=1"}), many = error({"use.search=200"});
  EXPECT_LT(many, 0.2 * by_encoder);
  EXPECT_LT(many, 0.2 * one);
}

}  // namespace
}  // namespace belamy
