// Plug and play: what the conformance suite cannot see of the walk over codes.
#include <gmock/gmock.h>
#include <torch/types.h>

#include "nn/holes.h"
#include "small_training.h"

namespace belamy {
namespace {

const std::vector<std::string> kPpgn = {"model.width=8",
                                        "model.code=8",
                                        "model.prior_hidden=32",
                                        "train.batch=32",
                                        "optimizer.autoencoder.lr=2e-3",
                                        "optimizer.classifier.lr=3e-3"};

// The share of samples in which the model's own classifier sees the class that was asked for.
double agreement(const std::vector<std::string>& use) {
  const auto recipe = recipe_of("ppgn", with(kPpgn, use));
  Session session(*recipe, small_images(200), kCpu);
  run_steps(session, 120);
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto labels = torch::arange(50) % 10;
  const auto samples = model.sampler()->sample({50, seeded(1), {labels}});
  return (model.classifier()->classify(samples).argmax(1) == labels).to(torch::kFloat).mean().item<double>();
}

TEST(Ppgn, TheWalkEndsInTheClassUnlessThePriorIsTooStrong) {
  EXPECT_GE(agreement({"use.steps=60"}), 0.9);
  EXPECT_LE(agreement({"use.steps=60", "use.prior=1000"}), 0.5);
  EXPECT_LE(agreement({"use.steps=60", "use.condition=0"}), 0.5);
}

TEST(Ppgn, AChainHasAsManyFramesAsAreAskedFor) {
  for (const auto* steps : {"use.steps=2", "use.steps=10", "use.steps=7"}) {
    const auto recipe = recipe_of("ppgn", with(kPpgn, {steps}));
    Session session(*recipe, small_images(32), kCpu);
    run_steps(session, 2);
    const ModelState::Evaluation evaluation(session.state());
    auto& sampler = *session.state().model().sampler();
    const auto chain = sampler.chain({3, seeded(1)}, 5);
    EXPECT_EQ(chain.sizes().vec(), (std::vector<std::int64_t>{5, 3, 1, 16, 16})) << steps;
    EXPECT_TRUE(same_bits(chain[4], sampler.sample({3, seeded(1)}))) << steps;
  }
}

TEST(Ppgn, ACompletionFitsTheKnownPart) {
  const auto recipe = recipe_of("ppgn", with(kPpgn, {"use.steps=60"}));
  Session session(*recipe, small_images(64), kCpu);
  run_steps(session, 300);
  const auto images = session.batches().head(32);
  const auto known = nn::centre_known(16, 16).expand({32, 1, 16, 16});
  const ModelState::Evaluation evaluation(session.state());
  auto& model = session.state().model();
  const auto made = model.completer()->complete(images, known, {32, seeded(1)});
  const auto error = [&](const Tensor& x) {
    return ((x - images) * (1 - known)).square().mean().item<double>();
  };
  EXPECT_LT(error(made), 0.7 * error(images.mean(0, true).expand_as(images)));
}

}  // namespace
}  // namespace belamy
