// LAPGAN: what the conformance suite cannot see of its levels.
#include <gtest/gtest.h>
#include <torch/types.h>

#include "small_training.h"

namespace belamy {
namespace {

std::unique_ptr<Recipe> lapgan(const std::vector<std::string>& more) {
  return recipe_of("lapgan", with(find_model("lapgan").tiny, more));
}

TEST(Lapgan, HasAGameForEachLevel) {
  for (const auto& [base, levels] :
       {std::pair{"model.base=8", 3}, {"model.base=4", 4}, {"model.base=16", 2}}) {
    const auto recipe = lapgan({base});
    Session session(*recipe, small_images(16, 32), kCpu);
    EXPECT_EQ(session.state().players().size(), static_cast<std::size_t>(2 * levels)) << base;
  }
}

TEST(Lapgan, ASampleIsRefinedFromLevelToLevel) {
  const auto recipe = lapgan({"model.base=4"});
  Session session(*recipe, small_images(16, 16), kCpu);
  run_steps(session, 2);
  const ModelState::Evaluation evaluation(session.state());
  auto& sampler = *session.state().model().sampler();
  const auto chain = sampler.chain({3, seeded(1)}, 3);
  ASSERT_EQ(chain.size(0), 3);
  EXPECT_TRUE(same_bits(chain[2], sampler.sample({3, seeded(1)})));
  EXPECT_EQ(sampler.chain({3, seeded(1)}, 7).size(0), 7);
  // Of the coarsest level each 4x4 pixels are one value.
  const auto blocks = chain[0].unfold(2, 4, 4).unfold(3, 4, 4).flatten(4);
  EXPECT_EQ((std::get<0>(blocks.max(4)) - std::get<0>(blocks.min(4))).abs().max().item<double>(), 0);
}

TEST(Lapgan, DetailsAreAddedToTheEnlargedPicture) {
  const auto recipe = lapgan({"model.base=4"});
  Session session(*recipe, small_images(16, 16), kCpu);
  const ModelState::Evaluation evaluation(session.state());
  for (const auto* player : {"generator-2", "generator-3"}) {
    for (auto weight : session.state().player(player).parameters()) weight.zero_();
  }
  const auto chain = session.state().model().sampler()->chain({3, seeded(1)}, 3);
  const auto doubled = [](const Tensor& x) {
    return at::upsample_bilinear2d(x, {2 * x.size(2), 2 * x.size(3)}, false);
  };
  const auto base = chain[0].slice(2, 0, 16, 4).slice(3, 0, 16, 4);
  EXPECT_LT(difference(chain[2], doubled(doubled(base))), 1e-5);
}

TEST(Lapgan, PicturesWithoutClassesTrainAsWell) {
  const auto recipe = lapgan({});
  auto data = small_images(16);
  data.labels.clear();
  data.class_names.clear();
  Session session(*recipe, data, kCpu);
  run_steps(session, 2);
  EXPECT_FALSE(session.state().model().sampler()->conditional());
}

}  // namespace
}  // namespace belamy
