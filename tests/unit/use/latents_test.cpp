#include "use/latents.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "errors.h"
#include "numbers.h"

namespace belamy {
namespace {

// Latents [N, 3] -> images [N, 1, 4, 4] by a linear map, in which the second latent moves most and the third least.
class LinearDecoder : public Decoder {
 public:
  std::int64_t latent_size() const override { return 3; }
  Tensor draw_latent(std::int64_t n, at::Generator generator) override {
    return torch::randn({n, 3}, generator);
  }
  Tensor decode(const Tensor& latents) override { return at::matmul(latents, map_).view({-1, 1, 4, 4}); }
  std::vector<std::string> spaces() const override { return {"z", "w"}; }
  Tensor into(const std::string& space, const Tensor& z) override {
    return space == "w" ? z * strength_ + 1 : z;
  }
  Tensor decode_from(const std::string& space, const Tensor& points) override {
    return decode(space == "w" ? (points - 1) / strength_ : points);
  }

 private:
  Tensor strength_ = torch::tensor({1.0f, 5.0f, 0.1f});
  Tensor map_ =
      std::get<0>(at::linalg_qr(torch::randn({16, 3}, seeded(2)))).t() * strength_.unsqueeze(1) / 10;
};

TEST(Paths, TheRoundOneKeepsTheNorm) {
  const auto a = torch::tensor({2.0F, 0.0F}), b = torch::tensor({0.0F, 2.0F});
  const auto half = torch::full({1, 1}, 0.5F);
  EXPECT_TRUE(at::allclose(linear_path(a, b, half), torch::ones({1, 2})));
  EXPECT_TRUE(at::allclose(spherical_path(a, b, half), torch::full({1, 2}, std::sqrt(2.0F))));
  const auto ends = torch::tensor({{0.0F}, {1.0F}});
  EXPECT_TRUE(at::allclose(spherical_path(a, b, ends), torch::stack({a, b}), 1e-5, 1e-6));
}

TEST(Paths, TheRoundOneBetweenEqualLatentsStays) {
  const auto a = torch::tensor({{1.0F, 2.0F}, {3.0F, -1.0F}});
  EXPECT_TRUE(at::allclose(spherical_path(a, a, torch::full({2, 1}, 0.3F)), a));
}

TEST(Paths, EachPairHasItsOwnPlace) {
  auto generator = seeded(2);
  const auto a = torch::randn({3, 5}, generator), b = torch::randn({3, 5}, generator);
  const auto places = torch::tensor({{0.1F}, {0.5F}, {0.9F}});
  const auto together = spherical_path(a, b, places);
  for (std::int64_t i = 0; i < 3; ++i)
    EXPECT_TRUE(at::allclose(together.narrow(0, i, 1), spherical_path(a[i], b[i], places.narrow(0, i, 1))));
}

TEST(Layers, ThirdsCoverAllLayers) {
  for (const std::int64_t layers : {3, 8, 14}) {
    const auto thirds = thirds_of_layers(layers);
    ASSERT_EQ(thirds.size(), 3u);
    std::int64_t next = 0;
    for (const auto& [name, span] : thirds) {
      EXPECT_EQ(span.first, next) << name;
      EXPECT_GE(span.last, span.first) << name;
      next = span.last + 1;
    }
    EXPECT_EQ(next, layers);
  }
}

TEST(Layers, MixesHaveTheseLayersFromInside) {
  const auto outside = torch::zeros({2, 4, 3}), inside = torch::ones({2, 4, 3});
  const auto mixed = mix_layers(outside, inside, {1, 2});
  EXPECT_TRUE(torch::equal(mixed.sum(2).sum(0), torch::tensor({0.0f, 6.0f, 6.0f, 0.0f})));
  EXPECT_EQ(outside.sum().item<float>(), 0);
}

TEST(Latents, TheLatentOfAPictureIsFound) {
  LinearDecoder decoder;
  const auto z = torch::randn({5, 3}, seeded(7));
  for (const std::string space : {"z", "w"}) {
    SCOPED_TRACE(space);
    const auto truth = decoder.into(space, z);
    double last = 1;
    const auto found = find_latents(decoder, decoder.decode(z), {.space = space, .steps = 400}, seeded(3),
                                    [&](double, double loss) { last = loss; });
    EXPECT_LT(difference(decoder.decode_from(space, found), decoder.decode(z)), 0.02);
    EXPECT_LT(last, 1e-4);
    EXPECT_LT(difference(found.select(1, 1), truth.select(1, 1)), 0.2);
  }
}

TEST(Latents, TheSearchNeverEndsWorseThanItsStart) {
  LinearDecoder decoder;
  const auto wanted = decoder.decode(torch::randn({4, 3}, seeded(8)));
  const auto error = [&](std::int64_t steps) {
    const auto found = find_latents(decoder, wanted, {.steps = steps, .rate = 50}, seeded(3), {});
    return (decoder.decode(found) - wanted).square().mean().item<double>();
  };
  EXPECT_LE(error(5), error(1));
}

TEST(Latents, PrincipalDirectionsOfASpace) {
  LinearDecoder decoder;
  const auto found = principal_directions(decoder, "w", 2, seeded(4));
  EXPECT_EQ(found.axes.sizes().vec(), (std::vector<std::int64_t>{2, 3}));
  EXPECT_NEAR(found.axes[0][1].abs().item<double>(), 1, 0.01);
  EXPECT_NEAR(found.deviations[0].item<double>(), 5, 0.2);
  EXPECT_NEAR(found.mean[0].item<double>(), 1, 0.05);
}

TEST(Latents, DirectionsOfChange) {
  LinearDecoder decoder;
  const auto found = directions_of_change(decoder, 9, seeded(4));
  ASSERT_EQ(found.axes.size(0), 3) << "no more than the latents have";
  EXPECT_NEAR(found.axes[0][1].abs().item<double>(), 1, 1e-3);
  EXPECT_NEAR(found.axes[2][2].abs().item<double>(), 1, 1e-3);
}

TEST(Latents, DimensionsOfChange) {
  LinearDecoder decoder;
  const auto found = dimensions_of_change(decoder, 2, seeded(4));
  EXPECT_TRUE(torch::equal(found.axes, torch::tensor({{0.0F, 1.0F, 0.0F}, {1.0F, 0.0F, 0.0F}})));
  EXPECT_EQ(dimensions_of_change(decoder, 9, seeded(4)).axes.size(0), 3);
}

TEST(Latents, AnUnknownSpaceIsAnswered) {
  LinearDecoder decoder;
  EXPECT_THAT(message_of(ExitCode::usage, [&] { check_space(decoder, "s", "toy"); }),
              testing::AllOf(testing::HasSubstr("toy has no such latents"), testing::HasSubstr("z, w")));
}

}  // namespace
}  // namespace belamy
