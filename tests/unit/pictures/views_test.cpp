// Pictures of pairs and of codes of two domains: what stands where, in which colour.
#include "pictures/views.h"

#include <gmock/gmock.h>
#include <torch/types.h>

#include "pictures/domain_pictures.h"
#include "pictures/latent_pictures.h"
#include "pictures/match_pictures.h"
#include "small_data.h"
#include "tensors/dataset_tensors.h"

namespace belamy {
namespace {

using testing::IsEmpty;
using testing::Not;

using Colour = std::vector<int>;

Colour colour_at(const Image& image, int x, int y) {
  const auto* p = &image.pixels[(static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                                 static_cast<std::size_t>(x)) *
                                3];
  return {p[0], p[1], p[2]};
}

bool is_blue(const Colour& c) {
  return c[2] > c[0] + 50;
}
bool is_orange(const Colour& c) {
  return c[0] > c[2] + 50;
}
bool is_red(const Colour& c) {
  return c[0] > 150 && c[1] < 80 && c[2] < 80;
}
bool is_green(const Colour& c) {
  return c[1] > c[0] + 20 && c[1] > c[2] + 20;
}

template <class Test>
std::int64_t count_where(const Image& image, const Test& test) {
  std::int64_t n = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) n += test(colour_at(image, x, y)) ? 1 : 0;
  }
  return n;
}

TEST(BestThresholdTest, PartsWhatCanBeParted) {
  EXPECT_DOUBLE_EQ(best_threshold(torch::tensor({3.0, 5.0}), torch::tensor({1.0, -2.0})), 2);
  // One of two classes among three of one: a single error wherever it lies, two elsewhere.
  const auto found = best_threshold(torch::tensor({4.0, 6.0, 7.0}), torch::tensor({5.0, 1.0, 2.0}));
  EXPECT_DOUBLE_EQ(found, 3);
  // All alike: any place outside is right for one half.
  EXPECT_NE(best_threshold(torch::tensor({1.0, 1.0}), torch::tensor({1.0})), 1);
}

class MatchPictureTest : public testing::Test {
 protected:
  MatchPictureTest()
      : recipe_(recipe_of("siamese", {"model.width=4", "model.code=16", "model.loss=contrastive"})),
        session_(*recipe_, small_matches(60), torch::kCPU) {
    const auto images = session_.batches().head(20);
    // Ten images beside themselves, ten beside one of another class.
    pairs_.data = images;
    pairs_.labels = torch::arange(20) % 10;
    Examples second;
    second.data = torch::cat({images.narrow(0, 0, 10), images.narrow(0, 10, 10).roll(1, 0)});
    second.labels = torch::cat({pairs_.labels.narrow(0, 0, 10), pairs_.labels.narrow(0, 10, 10).roll(1, 0)});
    pairs_.partner = second;
  }

  Image picture() { return match_picture(*session_.state().model().matcher(), pairs_, 20); }

  std::unique_ptr<Recipe> recipe_;
  Session session_;
  Batch pairs_;
};

TEST_F(MatchPictureTest, FramesTellErrors) {
  const auto right = picture();
  EXPECT_GT(count_where(right, is_green), 1000);
  EXPECT_EQ(count_where(right, is_red), 0) << "images beside themselves are the most alike";
  // Called the other way round, half of the pairs are wrong at best.
  auto& second = pairs_.partner;
  second.labels = torch::where(second.labels == pairs_.labels, pairs_.labels + 1, pairs_.labels);
  const auto wrong = picture();
  EXPECT_GT(count_where(wrong, is_red), count_where(wrong, is_green) / 2);
}

TEST_F(MatchPictureTest, TheMostAlikeComesFirst) {
  // Of the pairs of one class only the last is an image beside itself; it is marked by a white corner.
  auto& second = pairs_.partner;
  second.data = second.data.clone();
  second.data.narrow(0, 0, 9).copy_(pairs_.data.narrow(0, 1, 9));
  pairs_.data = pairs_.data.clone();
  for (auto& images : {pairs_.data, second.data}) images[9].slice(1, 0, 4).slice(2, 0, 4).fill_(1);
  const auto image = picture();
  EXPECT_EQ(colour_at(image, 8 + 3 + 2, 8 + 3 + 2), (Colour{255, 255, 255}));
  EXPECT_NE(colour_at(image, image.width - 8 - 3 - 16 * 4 + 2, 8 + 3 + 2), (Colour{255, 255, 255}));
}

TEST_F(MatchPictureTest, PairsOfOneClassAloneGiveBothBlocks) {
  const auto both = picture();
  const auto twin = pairs_;
  pairs_.partner = twin;
  const auto image = picture();
  EXPECT_GE(image.height, both.height);
  EXPECT_EQ(count_where(image, is_red), 0);
  // Twenty of one class are no sheet.
  pairs_.labels = torch::zeros({20}, torch::kLong);
  pairs_.partner.labels = pairs_.labels;
  EXPECT_THAT(picture().pixels, IsEmpty());
}

TEST(TwoDomainMapTest, ColoursAreWhereTheyBelong) {
  // Domain 0 left, domain 1 right; labels are not known right.
  const auto points = torch::tensor({{-1.0, 1.0}, {-1.0, -1.0}, {1.0, 1.0}, {1.0, -1.0}});
  const auto image = two_domain_map(points, torch::tensor({0, 2, -1, -1}), torch::tensor({0, 0, 1, 1}), 200);
  ASSERT_EQ(image.height, 200);
  ASSERT_EQ(image.width, 410);
  const int low = 6, high = 194;
  EXPECT_TRUE(is_blue(colour_at(image, 210 + low, low)));
  EXPECT_TRUE(is_blue(colour_at(image, 210 + low, high)));
  EXPECT_TRUE(is_orange(colour_at(image, 210 + high, low)));
  EXPECT_TRUE(is_orange(colour_at(image, 210 + high, high)));
  const auto unknown = colour_at(image, high, high);
  EXPECT_LT(unknown[0], 230);
  EXPECT_NEAR(unknown[0], unknown[2], 3) << "gray";
}

TEST(DomainPictureTest, ShowsBothDomainsOfAnEncoder) {
  const auto data = small_domains(40);
  const auto recipe =
      recipe_of("dann", {"model.conv1=4", "model.conv2=6", "model.features=32", "model.adversary=[16]"});
  Session session(*recipe, data, torch::kCPU);
  const ModelState::Evaluation evaluation(session.state());
  auto& encoder = *session.state().model().encoder();
  const auto image = domain_picture(encoder, torch::kCPU, data);
  EXPECT_THAT(image.pixels, Not(IsEmpty()));
  EXPECT_GT(count_where(image, is_blue), 100);
  EXPECT_GT(count_where(image, is_orange), 100);
  auto few = data;
  few.others = {small_images(3)};
  EXPECT_THAT(domain_picture(encoder, torch::kCPU, few).pixels, IsEmpty());
}

View view_named(const char* key) {
  for (const auto& each : all_views()) {
    if (each.key == key) return each;
  }
  throw std::logic_error(std::string("no view ") + key);
}

TEST(ViewsTest, EachRunShowsWhatItsModelCan) {
  const auto shown = [](const std::string& model, const DataShape& shape) -> std::string {
    const auto* found = progress_view(find_model(model), shape);
    return found ? found->key : "none";
  };
  const auto images = shape_of(small_images(4)), domains = shape_of(small_domains(4)),
             matches = shape_of(small_matches(4));
  DataShape points;
  points.dimension = 2;
  EXPECT_EQ(shown("dcgan", images), "samples");
  EXPECT_EQ(shown("gan", points), "points");
  EXPECT_EQ(shown("cyclegan", domains), "translations");
  EXPECT_EQ(shown("autoencoder", images), "reconstructions");
  EXPECT_EQ(shown("siamese", matches), "pairs");
  points.dimension = 3;
  EXPECT_EQ(shown("gan", points), "none") << "points of three dimensions have no picture";
}

TEST(ViewsTest, CodesOfDomainsNeedAnEncoderAndTwoDomains) {
  const auto codes = view_named("domain-codes");
  EXPECT_TRUE(codes.fits(find_model("dann"), shape_of(small_domains(4))));
  EXPECT_FALSE(codes.fits(find_model("cyclegan"), shape_of(small_domains(4))));
  EXPECT_FALSE(codes.fits(find_model("autoencoder"), shape_of(small_images(4))));
}

}  // namespace
}  // namespace belamy
