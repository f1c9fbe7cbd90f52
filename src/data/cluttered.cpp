#include "data/cluttered.h"

#include <algorithm>

#include "core/random.h"
#include "data/glyphs.h"

namespace belamy {
namespace {

constexpr int kCanvas = 64, kPieces = 12, kPiece = 10;
constexpr double kLargestScale = 1.75;
constexpr std::uint8_t kInk = 64;  // fainter pixels are the smooth edge of a stroke
constexpr std::size_t kDigits = 10;

// Puts a part of an image on the canvas; where something is already, the brighter one stays.
void paste(const Image& image, int from_x, int from_y, int wide, int high, int x, int y,
           std::uint8_t* canvas) {
  for (int row = 0; row < high; ++row) {
    for (int column = 0; column < wide; ++column) {
      auto& under = canvas[(y + row) * kCanvas + x + column];
      under = std::max(
          under, image.pixels[static_cast<std::size_t>((from_y + row) * image.width + from_x + column)]);
    }
  }
}

struct InkBox {
  int left, top, right, bottom;
};

InkBox ink_of(const Image& image) {
  InkBox box{image.width, image.height, 0, 0};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (image.pixels[static_cast<std::size_t>(y * image.width + x)] < kInk) continue;
      box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1),
             std::max(box.bottom, y + 1)};
    }
  }
  return box;
}

int below(Random& random, int bound) {
  return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
}

}  // namespace

Dataset make_cluttered(std::int64_t seed, Split split) {
  const auto glyphs = make_glyphs(seed, split);
  std::vector<std::int64_t> digits, letters;
  for (std::int64_t i = 0; i < glyphs.count; ++i) {
    const auto label = static_cast<std::size_t>(glyphs.labels[static_cast<std::size_t>(i)]);
    (label < kDigits ? digits : letters).push_back(i);
  }
  const bool test = split == Split::test;
  Dataset set;
  set.name = kCluttered;
  set.channels = 1;
  set.height = set.width = kCanvas;
  set.count = test ? 2'000 : 12'000;
  set.class_names.assign(glyphs.class_names.begin(), glyphs.class_names.begin() + kDigits);
  set.style_names = glyphs.style_names;
  constexpr std::size_t plane = std::size_t{kCanvas} * kCanvas;
  set.pixels.resize(static_cast<std::size_t>(set.count) * plane);
  Random random(static_cast<std::uint64_t>(seed), test ? 3 : 2);
  for (std::int64_t i = 0; i < set.count; ++i) {
    auto* canvas = set.pixels.data() + static_cast<std::size_t>(i) * plane;
    for (int k = 0; k < kPieces; ++k) {
      const auto letter = glyphs.image(letters[random.below(letters.size())]);
      // The middle of a letter, so that few pieces are empty.
      const int from_x = 6 + below(random, 11), from_y = 6 + below(random, 11);
      const int x = below(random, kCanvas - kPiece + 1), y = below(random, kCanvas - kPiece + 1);
      paste(letter, from_x, from_y, kPiece, kPiece, x, y, canvas);
    }
    const auto chosen = digits[random.below(digits.size())];
    auto digit = glyphs.image(chosen);
    const int side = static_cast<int>(digit.width * random.uniform(1, kLargestScale));
    digit = resize(digit, side, side);
    const auto ink = ink_of(digit);
    const int wide = ink.right - ink.left, high = ink.bottom - ink.top;
    const int x = below(random, kCanvas - wide + 1), y = below(random, kCanvas - high + 1);
    paste(digit, ink.left, ink.top, wide, high, x, y, canvas);
    set.labels.push_back(glyphs.labels[static_cast<std::size_t>(chosen)]);
    set.styles.push_back(glyphs.styles[static_cast<std::size_t>(chosen)]);
    set.boxes.push_back({static_cast<double>(x), static_cast<double>(y), static_cast<double>(x + wide),
                         static_cast<double>(y + high)});
  }
  return set;
}

}  // namespace belamy
