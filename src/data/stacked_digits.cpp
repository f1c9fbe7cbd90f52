#include "data/stacked_digits.h"

#include <array>
#include <fmt/format.h>

#include "core/random.h"
#include "core/text.h"

namespace belamy {
namespace {

using Stack = std::array<std::size_t, 3>;  // places of digits in their listing

// Gray digits that are used, by their places in the listing.
std::map<std::size_t, Image> read_digits(const Listing& digits, const std::vector<bool>& used) {
  std::map<std::size_t, Image> images;
  digits.read(used, {[&](std::size_t place, Image image) { images[place] = convert_channels(image, 1); },
                     [](std::size_t, const Problem& problem) {
                       throw data_error(problem.file + ": " + problem.reason, problem.cure);
                     }});
  return images;
}

Image stacked(const std::array<const Image*, 3>& planes, const std::string& source) {
  Image image{planes[0]->width, planes[0]->height, 3, {}};
  for (const auto* plane : planes) {
    if (plane->width != image.width || plane->height != image.height)
      throw data_error(source + ": its digits differ in size", "give digits of one size, such as MNIST");
  }
  image.pixels.reserve(3 * planes[0]->pixels.size());
  for (std::size_t p = 0; p < planes[0]->pixels.size(); ++p) {
    for (const auto* plane : planes) image.pixels.push_back(plane->pixels[p]);
  }
  return image;
}

}  // namespace

Listing stack_digits(Listing digits, std::int64_t seed, Split split) {
  constexpr std::size_t for_training = 128000, for_testing = 26000;
  if (digits.class_names.size() != 10)
    throw data_error(fmt::format("{}: {}, but {} needs the ten classes of digits", digits.source,
                                 counted(digits.class_names.size(), "class"), kStackedDigits),
                     "put the files of MNIST there");
  Listing listing;
  listing.source = kStackedDigits;
  listing.count = split == Split::test ? for_testing : for_training;
  listing.split = digits.split;
  listing.problems = digits.problems;
  for (int number = 0; number < 1000; ++number) listing.class_names.push_back(fmt::format("{:03}", number));

  std::vector<Stack> stacks;
  const auto stream = static_cast<std::uint64_t>(split == Split::test ? 1 : 0) << 40;
  for (std::size_t i = 0; i < listing.count; ++i) {
    Random random(static_cast<std::uint64_t>(seed), stream + i);
    Stack stack;
    std::int64_t label = 0;
    for (auto& place : stack) {
      place = random.below(digits.count);
      label = 10 * label + digits.label(place);
    }
    stacks.push_back(stack);
    listing.labels.push_back(label);
  }
  listing.read = [digits = std::move(digits), stacks = std::move(stacks)](const std::vector<bool>& wanted,
                                                                          const Visitor& visitor) {
    std::vector<bool> used(digits.count, false);
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      for (const auto place : stacks[i]) used[place] = used[place] || wanted[i];
    }
    const auto images = read_digits(digits, used);
    for (std::size_t i = 0; i < stacks.size(); ++i) {
      if (!wanted[i]) continue;
      const auto& [red, green, blue] = stacks[i];
      visitor.image(i, stacked({&images.at(red), &images.at(green), &images.at(blue)}, digits.source));
    }
  };
  return listing;
}

}  // namespace belamy
