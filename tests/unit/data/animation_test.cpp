#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <webp/demux.h>

#include "core/random.h"
#include "data/image.h"
#include "errors.h"

namespace belamy {
namespace {

using testing::HasSubstr;

Image noise(int width, int height, int channels, std::uint64_t seed) {
  Image image{width, height, channels, {}};
  Random random(seed);
  for (int i = 0; i < width * height * channels; ++i) {
    image.pixels.push_back(static_cast<std::uint8_t>(random.below(256)));
  }
  return image;
}

struct Decoded {
  int width = 0, height = 0;
  unsigned loops = 99;
  std::vector<std::vector<std::uint8_t>> frames;  ///< RGBA
  std::vector<int> ends;                          ///< milliseconds
};

Decoded decode(const std::string& bytes) {
  const WebPData data{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, nullptr), WebPAnimDecoderDelete);
  Decoded result;
  WebPAnimInfo info;
  if (!decoder || !WebPAnimDecoderGetInfo(decoder.get(), &info)) return result;
  result.width = static_cast<int>(info.canvas_width);
  result.height = static_cast<int>(info.canvas_height);
  result.loops = info.loop_count;
  std::uint8_t* pixels = nullptr;
  int end = 0;
  while (WebPAnimDecoderHasMoreFrames(decoder.get()) &&
         WebPAnimDecoderGetNext(decoder.get(), &pixels, &end)) {
    result.frames.emplace_back(pixels, pixels + 4 * info.canvas_width * info.canvas_height);
    result.ends.push_back(end);
  }
  return result;
}

std::vector<std::uint8_t> rgba(const Image& image) {
  std::vector<std::uint8_t> pixels;
  for (std::size_t i = 0; i < image.pixels.size(); i += static_cast<std::size_t>(image.channels)) {
    for (std::size_t c = 0; c < 3; ++c) pixels.push_back(image.pixels[image.channels == 3 ? i + c : i]);
    pixels.push_back(255);
  }
  return pixels;
}

TEST(Animation, DecodesToTheSameFrames) {
  for (const int channels : {1, 3}) {
    std::vector<Image> frames;
    for (std::uint64_t i = 0; i < 5; ++i) frames.push_back(noise(13, 7, channels, i));
    frames.push_back(frames[4]);
    frames.back().pixels[5] ^= 1;  // frames that differ in one pixel only are kept too
    const auto decoded = decode(encode_animation(frames, 80));
    EXPECT_EQ(decoded.width, 13);
    EXPECT_EQ(decoded.height, 7);
    EXPECT_EQ(decoded.loops, 0u);  // for ever
    ASSERT_EQ(decoded.frames.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      EXPECT_EQ(decoded.frames[i], rgba(frames[i])) << "frame " << i << ", " << channels << " channels";
      EXPECT_EQ(decoded.ends[i], 80 * static_cast<int>(i + 1));
    }
  }
}

TEST(Animation, EqualFramesKeepTheirTime) {
  const auto image = noise(4, 4, 3, 1);
  const auto decoded = decode(encode_animation({image, image, noise(4, 4, 3, 2)}, 50));
  ASSERT_FALSE(decoded.ends.empty());
  EXPECT_EQ(decoded.ends.back(), 150);
  EXPECT_EQ(decoded.frames.front(), rgba(image));
}

TEST(Animation, OneFrameIsAPicture) {
  const auto image = noise(3, 5, 1, 1);
  const auto decoded = decode(encode_animation({image}, 50));
  ASSERT_EQ(decoded.frames.size(), 1u);
  EXPECT_EQ(decoded.frames[0], rgba(image));
}

TEST(Animation, IsDeterministic) {
  const std::vector<Image> frames = {noise(8, 8, 3, 1), noise(8, 8, 3, 2)};
  EXPECT_EQ(encode_animation(frames, 40), encode_animation(frames, 40));
}

TEST(Animation, RefusesWhatWebpCannotHold) {
  const auto error_of = [](const std::vector<Image>& frames, int milliseconds) -> std::string {
    return message_of(ExitCode::data, [&] { encode_animation(frames, milliseconds); });
  };
  const auto good = noise(4, 4, 1, 1);
  EXPECT_THAT(error_of({}, 50), HasSubstr("at least one frame"));
  EXPECT_THAT(error_of({good, noise(4, 5, 1, 1)}, 50), HasSubstr("frame 1 is 4x5, the first is 4x4"));
  EXPECT_THAT(error_of({good, Image{4, 4, 1, {1, 2, 3}}}, 50), HasSubstr("frame 1 is not a whole"));
  EXPECT_THAT(error_of({Image{2, 2, 2, {1, 2, 3, 4, 5, 6, 7, 8}}}, 50), HasSubstr("not a whole"));
  EXPECT_THAT(error_of({Image{}}, 50), HasSubstr("not a whole"));
  EXPECT_THAT(error_of({noise(16384, 1, 1, 1)}, 50), HasSubstr("at most 16383"));
  EXPECT_THAT(error_of({good}, 0), HasSubstr("0 ms"));
  EXPECT_THAT(error_of({good}, -5), HasSubstr("-5 ms"));
}

}  // namespace
}  // namespace belamy
