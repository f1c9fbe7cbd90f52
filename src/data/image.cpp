#include "data/image.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "belamy/error.h"

#include "core/text.h"
#include "data/codecs.h"
#include "data/formats.h"

namespace belamy {

Error image_error(const std::string& name, const std::string& reason) {
  return data_error(name + ": " + reason,
                    "remove the file, or replace it with an intact PNG, JPEG, PGM or PPM");
}

void check_claim(const std::string& name, std::uint64_t width, std::uint64_t height, std::uint64_t bytes,
                 double pixels_per_byte) {
  if (width == 0 || height == 0) throw image_error(name, fmt::format("a size of {} x {}", width, height));
  if (width > max_image_pixels || height > max_image_pixels || width * height > max_image_pixels) {
    throw image_error(name, fmt::format("{} x {} pixels; the most is {}", width, height, max_image_pixels));
  }
  if (static_cast<double>(width * height) > pixels_per_byte * static_cast<double>(bytes)) {
    throw image_error(name, fmt::format("the header says {} x {} pixels, but the file has only {}", width,
                                        height, counted(bytes, "byte")));
  }
}

namespace {

// The input pixels under the filter of an output pixel, and their weights.
struct Taps {
  int first = 0;
  std::vector<float> weights;
};

double weight_at(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::bilinear) return std::max(0.0, 1.0 - x);
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((x - 5) * x + 8) * x * a - 4 * a;
  return 0;
}

std::vector<Taps> filter_taps(int from, int to, Filter filter) {
  const double scale = static_cast<double>(from) / to;
  const double widened = std::max(scale, 1.0);  // with the reduction: this is the antialiasing
  const double radius = (filter == Filter::bilinear ? 1 : 2) * widened;
  std::vector<Taps> taps(to);
  for (int i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(std::floor(centre - radius + 0.5)));
    const int last = std::min(from, static_cast<int>(std::floor(centre + radius + 0.5)));
    double sum = 0;
    for (int x = first; x < last; ++x) {
      const double weight = weight_at(filter, (x + 0.5 - centre) / widened);
      taps[i].weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    taps[i].first = first;
    for (float& weight : taps[i].weights) weight = static_cast<float>(weight / sum);
  }
  return taps;
}

Image transpose(const Image& image) {
  Image out{image.height, image.width, image.channels, {}};
  out.pixels.reserve(image.pixels.size());
  for (int x = 0; x < image.width; ++x) {
    for (int y = 0; y < image.height; ++y) {
      const auto* from = &image.pixels[(static_cast<std::size_t>(y) * image.width + x) * image.channels];
      out.pixels.insert(out.pixels.end(), from, from + image.channels);
    }
  }
  return out;
}

Image crop(const Image& image, int left, int top, int width, int height) {
  Image out{width, height, image.channels, {}};
  out.pixels.reserve(static_cast<std::size_t>(width) * height * image.channels);
  for (int y = 0; y < height; ++y) {
    const auto row =
        image.pixels.begin() + (static_cast<std::ptrdiff_t>(top + y) * image.width + left) * image.channels;
    out.pixels.insert(out.pixels.end(), row, row + static_cast<std::ptrdiff_t>(width) * image.channels);
  }
  return out;
}

std::vector<std::uint8_t> border_mean(const Image& image) {
  std::vector<std::uint8_t> mean(image.channels);
  for (int c = 0; c < image.channels; ++c) {
    double sum = 0;
    std::int64_t count = 0;
    for (int y = 0; y < image.height; ++y) {
      const bool whole_row = y == 0 || y == image.height - 1;
      for (int x = 0; x < image.width; x += whole_row ? 1 : std::max(1, image.width - 1)) {
        sum += image.pixels[(static_cast<std::size_t>(y) * image.width + x) * image.channels + c];
        ++count;
      }
    }
    mean[c] = static_cast<std::uint8_t>(std::lround(sum / static_cast<double>(count)));
  }
  return mean;
}

// Centres an image on a ground of one colour.
Image pad(const Image& image, int width, int height, const std::vector<std::uint8_t>& colour) {
  Image out{width, height, image.channels, {}};
  out.pixels.resize(static_cast<std::size_t>(width) * height * image.channels);
  for (std::size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = colour[i % image.channels];
  const int left = (width - image.width) / 2, top = (height - image.height) / 2;
  const std::size_t stride = static_cast<std::size_t>(image.width) * image.channels;
  for (int y = 0; y < image.height; ++y) {
    std::copy_n(image.pixels.begin() + static_cast<std::ptrdiff_t>(y * stride), stride,
                out.pixels.begin() + (static_cast<std::ptrdiff_t>(top + y) * width + left) *
                                         static_cast<std::ptrdiff_t>(image.channels));
  }
  return out;
}

}  // namespace

Image decode_image(std::string_view bytes, const std::string& name) {
  if (const auto* format = image_format(bytes)) {
    if (format->decode) return format->decode(bytes, name);
    throw data_error(name + ": " + format->name + " images are not read", "convert it to PNG");
  }
  if (bytes.empty()) throw image_error(name, "empty file");
  if (const auto* format = foreign_format(name, bytes); format && !format->picture)
    throw data_error(name + ": " + format->what + ", not an image", "give a PNG, JPEG, PGM or PPM instead");
  std::string first;
  for (const char byte : bytes.substr(0, 4))
    first += fmt::format(" {:02x}", static_cast<unsigned char>(byte));
  throw image_error(name, "not an image: first bytes" + first);
}

Image resize(const Image& image, int width, int height, Filter filter) {
  if (image.width == width && image.height == height) return image;
  // The first pass runs along the side that leaves less work for the second: a long thin image would make
  // it huge.
  if (std::int64_t{width} * image.height > std::int64_t{image.width} * height) {
    return transpose(resize(transpose(image), height, width, filter));
  }
  const int channels = image.channels;
  const auto across = filter_taps(image.width, width, filter);
  const auto down = filter_taps(image.height, height, filter);

  // Rows first, kept as floats, so that only the result is rounded.
  std::vector<float> rows(static_cast<std::size_t>(width) * image.height * channels);
  float* to = rows.data();
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* row = &image.pixels[static_cast<std::size_t>(y) * image.width * channels];
    for (const Taps& taps : across) {
      for (int c = 0; c < channels; ++c) {
        const std::uint8_t* from = row + static_cast<std::ptrdiff_t>(taps.first) * channels + c;
        float sum = 0;
        for (std::size_t k = 0; k < taps.weights.size(); ++k) sum += taps.weights[k] * from[k * channels];
        *to++ = sum;
      }
    }
  }

  Image out{width, height, channels, {}};
  const std::size_t stride = static_cast<std::size_t>(width) * channels;
  out.pixels.resize(stride * height);
  std::vector<float> line(stride);
  for (int y = 0; y < height; ++y) {
    std::fill(line.begin(), line.end(), 0.0f);
    const Taps& taps = down[y];
    for (std::size_t k = 0; k < taps.weights.size(); ++k) {
      const float* from = &rows[(taps.first + k) * stride];
      for (std::size_t x = 0; x < stride; ++x) line[x] += taps.weights[k] * from[x];
    }
    for (std::size_t x = 0; x < stride; ++x) {
      out.pixels[y * stride + x] = static_cast<std::uint8_t>(std::clamp(line[x] + 0.5f, 0.0f, 255.0f));
    }
  }
  return out;
}

Image convert_channels(const Image& image, int channels) {
  if (image.channels == channels) return image;
  Image out{image.width, image.height, channels, {}};
  const std::size_t count = static_cast<std::size_t>(image.width) * image.height;
  out.pixels.resize(count * channels);
  for (std::size_t i = 0; i < count; ++i) {
    if (channels == 3) {
      std::fill_n(&out.pixels[i * 3], 3, image.pixels[i]);
    } else {
      const std::uint8_t* rgb = &image.pixels[i * 3];
      out.pixels[i] = static_cast<std::uint8_t>((299 * rgb[0] + 587 * rgb[1] + 114 * rgb[2] + 500) / 1000);
    }
  }
  return out;
}

namespace {

// How fit_image makes one size from another: it cuts out a part, resizes it, and pads it on all sides alike.
struct Fitting {
  int left, top, wide, high;       // the part
  int to_wide, to_high;            // its new size
  int before_x = 0, before_y = 0;  // padding
};

Fitting fitting_of(int from_width, int from_height, int width, int height, Fit fit) {
  const double across = static_cast<double>(width) / from_width,
               down = static_cast<double>(height) / from_height;
  const auto scaled = [](int side, double scale) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  if (fit == Fit::stretch) return {0, 0, from_width, from_height, width, height};
  if (fit == Fit::pad) {
    const double scale = std::min(across, down);
    // A small enlargement (28 to 32) would only blur: pad to the size instead.
    const bool only_padded = scale >= 1 && scale < 1.25;
    const int wide = only_padded ? from_width : std::min(width, scaled(from_width, scale)),
              high = only_padded ? from_height : std::min(height, scaled(from_height, scale));
    return {0, 0, from_width, from_height, wide, high, (width - wide) / 2, (height - high) / 2};
  }
  const double scale = std::max(across, down);
  const int wide = std::min(from_width, scaled(width, 1 / scale)),
            high = std::min(from_height, scaled(height, 1 / scale));
  return {(from_width - wide) / 2, (from_height - high) / 2, wide, high, width, height};
}

}  // namespace

Image fit_image(const Image& image, int width, int height, Fit fit) {
  if (image.width == width && image.height == height) return image;
  const auto f = fitting_of(image.width, image.height, width, height, fit);
  const bool whole = f.wide == image.width && f.high == image.height;
  // Resized before it is padded, as the frame of a long thin image could be huge.
  const auto made = resize(whole ? image : crop(image, f.left, f.top, f.wide, f.high), f.to_wide, f.to_high);
  return fit == Fit::pad ? pad(made, width, height, border_mean(image)) : made;
}

Box fit_box(const Box& box, int from_width, int from_height, int width, int height, Fit fit) {
  const auto f = fitting_of(from_width, from_height, width, height, fit);
  const auto place = [](double at, int cut, int part, int side, int before, int limit) {
    return std::clamp((at - cut) * side / part + before, 0.0, static_cast<double>(limit));
  };
  const auto x = [&](double at) { return place(at, f.left, f.wide, f.to_wide, f.before_x, width); };
  const auto y = [&](double at) { return place(at, f.top, f.high, f.to_high, f.before_y, height); };
  return {x(box.left), y(box.top), x(box.right), y(box.bottom)};
}

}  // namespace belamy
