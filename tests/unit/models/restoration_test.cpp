// Super-resolution and inpainting: what the conformance suite cannot see.
#include <gmock/gmock.h>
#include <torch/types.h>

#include "nn/holes.h"
#include "small_data.h"
#include "small_training.h"

namespace belamy {
namespace {

using testing::HasSubstr;

std::vector<Tensor> weights_of(Session& session, const std::string& player) {
  return copies_of(session.state().player(player).parameters());
}

std::unique_ptr<Recipe> recipe_with(const std::string& model, std::vector<std::string> settings) {
  for (const auto& each : find_model(model).tiny) settings.push_back(each);
  return recipe_of(model, settings);
}

TEST(Srgan, ThePretrainingMovesTheGeneratorAlone) {
  const auto recipe = recipe_with("srgan", {});
  recipe->stages = {{"pretrain", 3}, {"main", 3}};
  Session session(*recipe, small_enlargements(32), kCpu);
  const auto generator = weights_of(session, "generator"),
             discriminator = weights_of(session, "discriminator");
  run_steps(session, 3);
  EXPECT_FALSE(all_same_bits(weights_of(session, "generator"), generator));
  EXPECT_TRUE(all_same_bits(weights_of(session, "discriminator"), discriminator));
  run_steps(session, 3);
  EXPECT_FALSE(all_same_bits(weights_of(session, "discriminator"), discriminator));
}

TEST(Srgan, LearnsToEnlargeBetterThanBicubicInterpolation) {
  const auto recipe = recipe_with("srgan", {"model.adversarial_weight=0", "model.width=8", "train.batch=16",
                                            "optimizer.generator.lr=2e-3"});
  auto data = small_enlargements(64);
  for (auto& value : data.others[0].pixels)
    value = value > 100 ? 255 : 0;  // edges, which interpolation blurs
  Session session(*recipe, data, kCpu);
  run_steps(session, 200);
  const ModelState::Evaluation evaluation(session.state());
  const auto small = session.batches().head(64, 0), large = session.batches().head(64, 1);
  auto& translator = *session.state().model().translator();
  const auto error = [&](const Tensor& made) { return (made - large).square().mean().item<double>(); };
  const auto bicubic = at::upsample_bicubic2d(small, {large.size(2), large.size(3)}, false);
  EXPECT_LT(error(translator.translate(small, Direction::a2b)), 0.5 * error(bicubic));
}

TEST(Srgan, EnlargesImagesOfAnySize) {
  const auto recipe = recipe_with("srgan", {});
  Session session(*recipe, small_enlargements(16), kCpu);
  const ModelState::Evaluation evaluation(session.state());
  auto& translator = *session.state().model().translator();
  EXPECT_EQ(translator.enlargement(), 2);
  ASSERT_TRUE(translator.any_size());
  const auto made = translator.translate(torch::zeros({2, 1, 5, 37}), Direction::a2b);
  EXPECT_EQ(made.sizes().vec(), (std::vector<std::int64_t>{2, 1, 10, 74}));
}

TEST(Srgan, SidesThatDoNotFitAreRefused) {
  const auto refusal = [](Dataset b) {
    auto data = small_images(16);
    data.others = {std::move(b)};
    data.paired = true;
    const auto recipe = recipe_with("srgan", {});
    return message_of(ExitCode::usage, [&] { Session session(*recipe, data, kCpu); });
  };
  EXPECT_THAT(refusal(small_images(16)), HasSubstr("data.pairs=reduced"));
  EXPECT_THAT(refusal(small_images(16, 24)), HasSubstr("those of A are 16x16 and those of B 24x24"));
  EXPECT_THAT(refusal(small_images(16, 48)), HasSubstr("B is 3 times as large as A"));
  EXPECT_THAT(refusal(small_images(16, 32, 3)), HasSubstr("1 channels and those of B 3"));
}

TEST(Inpainting, OnlyTheHoleDependsOnTheNetwork) {
  const auto recipe = recipe_with("inpainting", {});
  Session session(*recipe, small_images(16), kCpu);
  const auto images = session.batches().head(8);
  const auto known = nn::strokes_known(8, 16, 16, seeded(1));
  const ModelState::Evaluation evaluation(session.state());
  auto& completer = *session.state().model().completer();
  const SampleRequest request{8, seeded(1)};
  const auto made = completer.complete(images, known, request);
  EXPECT_EQ(difference(made * known, images * known), 0);
  // What the hole hides must not matter.
  const auto other = at::where(known > 0.5, images, torch::ones_like(images));
  EXPECT_TRUE(same_bits(completer.complete(other, known, request), made));
}

TEST(Inpainting, LearnsWhatWasThere) {
  const auto recipe =
      recipe_with("inpainting", {"model.holes=centre", "model.adversarial_weight=0", "model.width=8",
                                 "train.batch=16", "optimizer.generator.lr=2e-3"});
  Session session(*recipe, small_images(64), kCpu);
  run_steps(session, 200);
  const ModelState::Evaluation evaluation(session.state());
  const auto images = session.batches().head(64);
  const auto known = nn::centre_known(16, 16).expand({64, 1, 16, 16});
  const auto made = session.state().model().completer()->complete(images, known, {64, seeded(1)});
  const auto gray = images.mean(0, true);
  const auto error = [&](const Tensor& x) {
    return ((x - images) * (1 - known)).square().mean().item<double>();
  };
  EXPECT_LT(error(made), 0.2 * error(gray.expand_as(images)));
}

}  // namespace
}  // namespace belamy
