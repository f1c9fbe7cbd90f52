// Animated WebP of several pictures.
#include <fmt/format.h>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <webp/encode.h>
#include <webp/mux.h>

#include "belamy/error.h"

#include "data/image.h"

namespace belamy {
namespace {

struct FreeEncoder {
  void operator()(WebPAnimEncoder* encoder) const { WebPAnimEncoderDelete(encoder); }
};

/// A WebPPicture that frees its pixels.
struct Picture : WebPPicture {
  Picture() {
    if (!WebPPictureInit(this))
      throw std::bad_alloc();  // fails only for another version of libwebp than at build time
  }
  ~Picture() { WebPPictureFree(this); }
  Picture(const Picture&) = delete;
  Picture& operator=(const Picture&) = delete;
};

void fill(const Image& frame, Picture& picture) {
  picture.use_argb = 1;  // lossless needs RGB, not the default YUV
  picture.width = frame.width;
  picture.height = frame.height;
  if (!WebPPictureAlloc(&picture)) throw std::bad_alloc();
  const std::uint8_t* pixel = frame.pixels.data();
  for (int y = 0; y < frame.height; ++y) {
    std::uint32_t* row = picture.argb + static_cast<std::ptrdiff_t>(y) * picture.argb_stride;
    for (int x = 0; x < frame.width; ++x, pixel += frame.channels) {
      const std::uint32_t red = pixel[0];
      const std::uint32_t green = frame.channels == 3 ? pixel[1] : red;
      const std::uint32_t blue = frame.channels == 3 ? pixel[2] : red;
      row[x] = 0xff000000u | red << 16 | green << 8 | blue;
    }
  }
}

void check_frames(const std::vector<Image>& frames, int milliseconds) {
  if (frames.empty()) throw data_error("an animation needs at least one frame");
  const Image& first = frames.front();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const Image& frame = frames[i];
    const auto pixels = static_cast<std::uint64_t>(frame.width) * static_cast<std::uint64_t>(frame.height);
    if (frame.width < 1 || frame.height < 1 || (frame.channels != 1 && frame.channels != 3) ||
        frame.pixels.size() != pixels * static_cast<std::uint64_t>(frame.channels)) {
      throw data_error(fmt::format("animation: frame {} is not a whole gray or RGB image", i));
    }
    if (frame.width != first.width || frame.height != first.height) {
      throw data_error(fmt::format("animation: frame {} is {}x{}, the first is {}x{}", i, frame.width,
                                   frame.height, first.width, first.height));
    }
  }
  if (first.width > WEBP_MAX_DIMENSION || first.height > WEBP_MAX_DIMENSION) {
    throw data_error(fmt::format("animation: {}x{} pixels, WebP takes at most {}", first.width, first.height,
                                 WEBP_MAX_DIMENSION),
                     "use fewer images per frame, or a smaller scale");
  }
  constexpr int longest = (1 << 24) - 1;  // 24 bits in the file
  const auto total = static_cast<std::uint64_t>(frames.size()) * static_cast<std::uint64_t>(milliseconds);
  if (milliseconds < 1 || milliseconds > longest || total > std::numeric_limits<int>::max()) {
    throw data_error(fmt::format("animation: {} frames of {} ms", frames.size(), milliseconds),
                     fmt::format("use 1 to {} ms per frame, and at most {} ms in total", longest,
                                 std::numeric_limits<int>::max()));
  }
}

}  // namespace

std::string encode_animation(const std::vector<Image>& frames, int milliseconds) {
  check_frames(frames, milliseconds);
  WebPAnimEncoderOptions options;
  WebPConfig config;
  if (!WebPAnimEncoderOptionsInit(&options) || !WebPConfigInit(&config) ||
      !WebPConfigLosslessPreset(&config, 6)) {
    throw std::runtime_error("libwebp has another version than the one Belamy was built with");
  }
  options.anim_params.loop_count = 0;  // for ever
  const std::unique_ptr<WebPAnimEncoder, FreeEncoder> encoder(
      WebPAnimEncoderNew(frames.front().width, frames.front().height, &options));
  if (!encoder) throw std::bad_alloc();
  const auto check_step = [&](int good) {
    if (!good) throw data_error(fmt::format("animation: {}", WebPAnimEncoderGetError(encoder.get())));
  };
  int time = 0;
  for (const Image& frame : frames) {
    Picture picture;
    fill(frame, picture);
    check_step(WebPAnimEncoderAdd(encoder.get(), &picture, time, &config));
    time += milliseconds;
  }
  check_step(WebPAnimEncoderAdd(encoder.get(), nullptr, time, nullptr));  // ends the last frame

  WebPData data;
  WebPDataInit(&data);
  check_step(WebPAnimEncoderAssemble(encoder.get(), &data));
  const std::string bytes(reinterpret_cast<const char*>(data.bytes), data.size);
  WebPDataClear(&data);
  return bytes;
}

}  // namespace belamy
