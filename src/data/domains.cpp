// Sets of two domains: pairs by name, halves of a picture, sides made of a picture.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "data/glyphs.h"
#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolders =
    "expected folders A and B with equal file names, or trainA and trainB (and testA and testB)";

// Some of a listing's items, in the given order, without labels.
Listing part_of(const Listing& whole, const std::vector<std::size_t>& places) {
  Listing part = whole;
  part.items.clear();
  part.class_names.clear();
  std::vector<std::ptrdiff_t> at(whole.items.size(), -1);
  for (const auto place : places) {
    at[place] = static_cast<std::ptrdiff_t>(part.items.size());
    part.items.push_back({whole.items[place].name});
  }
  part.read = [read = whole.read, at, places](const std::vector<bool>& wanted, const Visitor& visitor) {
    std::vector<bool> asked(at.size(), false);
    for (std::size_t i = 0; i < places.size(); ++i) asked[places[i]] = wanted[i];
    read(asked, {[&](std::size_t index, Image image) {
                   visitor.image(static_cast<std::size_t>(at[index]), std::move(image));
                 },
                 [&](std::size_t index, Problem problem) {
                   visitor.bad(static_cast<std::size_t>(at[index]), std::move(problem));
                 }});
  };
  return part;
}

std::vector<std::size_t> places_of(const Listing& listing, std::int64_t label) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < listing.items.size(); ++i) {
    if (listing.items[i].label == label) places.push_back(i);
  }
  return places;
}

// The file's name without folders and ending: what the two sides of a pair share.
std::string key_of(const Listing& listing, std::size_t place) {
  const auto& name = listing.items[place].name;
  return fs::path(name.substr(name.rfind(':') + 1)).stem().string();
}

// The places of A and of B, in the order of their common names. Those alone become problems of A's.
Sides match(const Listing& listing, std::int64_t a, std::int64_t b) {
  std::map<std::string, std::size_t> in_b;
  for (const auto place : places_of(listing, b)) in_b[key_of(listing, place)] = place;
  std::vector<std::size_t> first, second, alone;
  for (const auto place : places_of(listing, a)) {
    const auto found = in_b.find(key_of(listing, place));
    if (found == in_b.end()) {
      alone.push_back(place);
      continue;
    }
    first.push_back(place);
    second.push_back(found->second);
    in_b.erase(found);
  }
  for (const auto& [key, place] : in_b) alone.push_back(place);
  const auto& name_a = listing.class_names[static_cast<std::size_t>(a)];
  const auto& name_b = listing.class_names[static_cast<std::size_t>(b)];
  if (first.empty()) {
    throw data_error(
        fmt::format("{}: no file in '{}' has the name of one in '{}'", listing.source, name_a, name_b),
        "pairs have equal file names; set data.unpaired=true for two domains that are not paired");
  }
  Sides sides{part_of(listing, first), part_of(listing, second), true};
  for (const auto place : alone) {
    const auto& item = listing.items[place];
    sides.a.problems.push_back(
        {item.name, fmt::format("no file of that name in '{}'", item.label == a ? name_b : name_a),
         "Add it, or remove this one."});
  }
  sides.b.problems.clear();
  return sides;
}

// Two classes as domains: matched by name, or each for itself.
Sides sides_of(const Listing& listing, std::int64_t a, std::int64_t b, bool paired) {
  if (paired) return match(listing, a, b);
  Sides sides{part_of(listing, places_of(listing, a)), part_of(listing, places_of(listing, b)), false};
  sides.b.problems.clear();
  return sides;
}

std::int64_t class_of(const Listing& listing, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto at = std::find(listing.class_names.begin(), listing.class_names.end(), name);
    if (at != listing.class_names.end()) return at - listing.class_names.begin();
  }
  return -1;
}

Sides folders(const Listing& listing, const DataOptions& options, Split split) {
  const auto a = class_of(listing, {"A", "a"}), b = class_of(listing, {"B", "b"});
  if (a >= 0 && b >= 0) return sides_of(listing, a, b, !options.unpaired);
  const auto train_a = class_of(listing, {"trainA"}), train_b = class_of(listing, {"trainB"});
  const auto test_a = class_of(listing, {"testA"}), test_b = class_of(listing, {"testB"});
  if (train_a < 0 || train_b < 0) {
    throw data_error(
        fmt::format("{}: no pairs of folders; it has {}", listing.source,
                    listing.class_names.empty() ? "no folders"
                                                : fmt::format("{}", fmt::join(listing.class_names, ", "))),
        kFolders);
  }
  const bool own_test = test_a >= 0 && test_b >= 0, test = own_test && split == Split::test;
  auto sides = sides_of(listing, test ? test_a : train_a, test ? test_b : train_b, false);
  sides.a.split = sides.b.split = own_test;
  return sides;
}

Sides halves(const Listing& listing) {
  const auto half = [&](bool right) {
    Listing part = listing;
    part.read = [read = listing.read, right, items = listing.items](const std::vector<bool>& wanted,
                                                                    const Visitor& visitor) {
      const auto cut = [&](std::size_t index, const Image& image) {
        if (image.width < 2 || image.width % 2 != 0) {
          return visitor.bad(
              index, {items[index].name, fmt::format("{} pixels wide, which has no two halves", image.width),
                      "A and B stand side by side, equally wide."});
        }
        Image side{image.width / 2, image.height, image.channels, {}};
        const auto row = static_cast<std::ptrdiff_t>(side.width) * side.channels;
        for (std::ptrdiff_t y = 0; y < image.height; ++y) {
          const auto from = image.pixels.begin() + (2 * y + (right ? 1 : 0)) * row;
          side.pixels.insert(side.pixels.end(), from, from + row);
        }
        visitor.image(index, std::move(side));
      };
      read(wanted, {cut, visitor.bad});
    };
    return part;
  };
  return {half(false), half(true), true};
}

// Strength of the gradient by Sobel's masks, so that white lines stand on black.
Image edges(const Image& colour) {
  const auto image = convert_channels(colour, 1);
  Image out{image.width, image.height, 1, {}};
  const auto at = [&](int x, int y) -> int {
    x = std::clamp(x, 0, image.width - 1);
    y = std::clamp(y, 0, image.height - 1);
    return image.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width) +
                        static_cast<std::size_t>(x)];
  };
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const int right = at(x + 1, y - 1) + 2 * at(x + 1, y) + at(x + 1, y + 1);
      const int left = at(x - 1, y - 1) + 2 * at(x - 1, y) + at(x - 1, y + 1);
      const int below = at(x - 1, y + 1) + 2 * at(x, y + 1) + at(x + 1, y + 1);
      const int above = at(x - 1, y - 1) + 2 * at(x, y - 1) + at(x + 1, y - 1);
      const double strength = std::hypot(right - left, below - above) / 4;
      out.pixels.push_back(static_cast<std::uint8_t>(std::min(strength, 255.0)));
    }
  }
  return convert_channels(out, colour.channels);
}

Image masked(Image image) {
  for (int y = image.height / 4; y < image.height - image.height / 4; ++y) {
    const auto row = static_cast<std::size_t>(y) * static_cast<std::size_t>(image.width);
    for (int x = image.width / 4; x < image.width - image.width / 4; ++x) {
      const auto from = (row + static_cast<std::size_t>(x)) * static_cast<std::size_t>(image.channels);
      std::fill_n(image.pixels.begin() + static_cast<std::ptrdiff_t>(from), image.channels,
                  std::uint8_t{128});
    }
  }
  return image;
}

}  // namespace

const std::vector<std::string>& pair_kinds() {
  static const std::vector<std::string> kinds = {
      "none", "folders", "side-by-side", "classes", "edges", "low-resolution", "gray", "masked", "random"};
  return kinds;
}

void explain_domains(const Listing& listing, std::vector<std::string>& facts,
                     std::vector<Problem>& problems) {
  const auto a = class_of(listing, {"A", "a"}), b = class_of(listing, {"B", "b"});
  const auto train_a = class_of(listing, {"trainA"}), train_b = class_of(listing, {"trainB"});
  const auto alone = [&](std::int64_t side, const char* other) {
    problems.push_back({listing.source,
                        fmt::format("a folder '{}' without a folder '{}'",
                                    listing.class_names[static_cast<std::size_t>(side)], other),
                        fmt::format("{} with data.pairs=folders.", kFolders)});
  };
  if (a >= 0 && b >= 0) {
    try {
      const auto sides = match(listing, a, b);
      facts.push_back(fmt::format("{} pairs in A and B: data.pairs=folders", sides.a.items.size()));
      for (auto i = listing.problems.size(); i < sides.a.problems.size(); ++i)
        problems.push_back(sides.a.problems[i]);
    } catch (const Error&) {
      facts.push_back(
          "A and B share no file name, so they are no pairs: data.pairs=folders with "
          "data.unpaired=true takes them as two domains");
    }
  } else if (train_a >= 0 && train_b >= 0) {
    facts.push_back("trainA and trainB are two domains that are not paired: data.pairs=folders");
  } else if (a >= 0 && listing.class_names.size() == 1) {
    alone(a, "B");
  } else if (b >= 0 && listing.class_names.size() == 1) {
    alone(b, "A");
  } else if (train_a >= 0) {
    alone(train_a, "trainB");
  } else if (train_b >= 0) {
    alone(train_b, "trainA");
  }
}

bool is_derived(const std::string& pairs) {
  return pairs == "edges" || pairs == "low-resolution" || pairs == "gray" || pairs == "masked";
}

Image derive(const Image& image, const std::string& pairs) {
  if (pairs == "edges") return edges(image);
  if (pairs == "masked") return masked(image);
  if (pairs == "gray") return convert_channels(image, 1);
  const auto small = resize(image, std::max(1, image.width / 4), std::max(1, image.height / 4));
  return resize(small, image.width, image.height);
}

std::optional<Sides> list_sides(const Source& source, const DataOptions& options, Split split) {
  const auto& pairs = options.pairs;
  if (source.kind == Source::Kind::glyph_pairs) {
    if (pairs != "none" && pairs != "folders" && pairs != "random")
      throw usage_error(fmt::format("'{}' is a set of pairs, and data.pairs is {}", source.name, pairs),
                        "leave data.pairs at none");
    if (pairs == "random") return std::nullopt;
    auto a = make_glyph_pairs(source.name, options.seed, split);
    auto b = std::move(a.others[0]);
    a.others.clear();
    return Sides{listing_of(std::move(a), source.name, true), listing_of(std::move(b), source.name, true),
                 true};
  }
  if (pairs == "none" || pairs == "random" || is_derived(pairs)) return std::nullopt;
  const auto listing = list_source(source, split, options.seed);
  if (pairs == "side-by-side") return halves(listing);
  if (pairs == "folders") return folders(listing, options, split);
  if (options.sides.size() != 2)
    throw usage_error(
        fmt::format("data.pairs=classes needs two data.sides, and has {}", options.sides.size()),
        "name the classes that are A and B: data.sides = [\"front\", \"left\"]");
  const auto numbers = class_numbers(options.sides, listing.class_names, listing.source);
  return sides_of(listing, numbers[0], numbers[1], !options.unpaired);
}

}  // namespace belamy
