#include "use/outlier_scores.h"

#include <cmath>
#include <gmock/gmock.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "belamy/trainer.h"

#include "errors.h"
#include "small_training.h"
#include "test_folder.h"

namespace belamy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class OutlierScores : public testing::Test {
 protected:
  std::unique_ptr<belamy::Run> run_of(const std::string& model) const {
    const torch::AutoGradMode with_gradients(true);  // an open run switches them off
    train(*recipe_of(model,
                     with(find_model(model).tiny, {"train.threads=1", "train.batch=16", "train.steps=2",
                                                   "data.source=glyphs", "data.limit=64", "data.size=16"})),
          folder_ / model, false, {});
    return Run::open(folder_ / model, "cpu");
  }
  static std::vector<std::string> keys(belamy::Run& run) {
    std::vector<std::string> all;
    for (const auto& score : outlier_scores(run)) all.push_back(score.key);
    return all;
  }

  const TestFolder folder_;
  const Tensor images_ = torch::rand({5, 1, 16, 16}, seeded(1)) * 2 - 1;
};

TEST_F(OutlierScores, AreThoseThatTheModelOffers) {
  const auto vae = run_of("vae");
  EXPECT_THAT(keys(*vae), ElementsAre("scorer", "density", "reconstruction"));
  EXPECT_EQ(outlier_score(*vae, "").key, "scorer");
  const auto error = outlier_score(*vae, "reconstruction").of(images_);
  const auto copy = vae->model().reconstructor()->reconstruct(images_);
  EXPECT_TRUE(at::allclose(error, (copy - images_).square().flatten(1).sum(1) / 4));
  const auto density = outlier_score(*vae, "density").of(images_);
  EXPECT_TRUE(same_bits(density, -vae->model().density()->log_likelihood(images_, vae->generator(1))));
}

TEST_F(OutlierScores, OneThatTheModelLacksIsRefused) {
  const auto gan = run_of("dcgan");
  EXPECT_THAT(message_of(ExitCode::usage, [&] { outlier_score(*gan, "density"); }),
              HasSubstr("dcgan has no score 'density'"));
  const auto labelled = run_of("conditional-gan");
  EXPECT_THAT(message_of(ExitCode::usage, [&] { outlier_score(*labelled, ""); }),
              HasSubstr("conditional-gan cannot score how unusual data are"));
}

TEST_F(OutlierScores, MapsShowWhereAReconstructionDiffers) {
  const auto vae = run_of("vae");
  const auto maps = outlier_maps(*vae, outlier_score(*vae, ""), images_);
  ASSERT_TRUE(maps.reconstructions.defined());
  EXPECT_TRUE(at::allclose(maps.heat, (images_ - maps.reconstructions).abs()));
}

TEST_F(OutlierScores, MapsAreSlopesForAModelThatDoesNotReconstruct) {
  const auto gan = run_of("dcgan");
  const auto score = outlier_score(*gan, "");
  const auto maps = outlier_maps(*gan, score, images_);
  EXPECT_FALSE(maps.reconstructions.defined());
  ASSERT_EQ(maps.heat.sizes().vec(), (std::vector<std::int64_t>{5, 1, 16, 16}));
  // The slope in one pixel, by differences.
  const auto moved = [&](double by) {
    auto images = images_.to(torch::kFloat).clone();
    images.index({2, 0, 7, 9}) += by;
    return score.of(images)[2].item<double>();
  };
  EXPECT_NEAR(maps.heat.index({2, 0, 7, 9}).item<double>(), std::abs(moved(0.01) - moved(-0.01)) / 0.02,
              1e-3);
  const auto made = run_of("made");
  EXPECT_THAT(message_of(ExitCode::usage, [&] { outlier_maps(*made, outlier_score(*made, ""), images_); }),
              HasSubstr("has no slope"));
}

}  // namespace
}  // namespace belamy
