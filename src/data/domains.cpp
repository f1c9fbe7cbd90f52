// Sets of two domains: pairs by name, halves of a picture, sides made of a picture.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "core/text.h"
#include "data/glyphs.h"
#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolders =
    "use folders A and B with equal file names, or trainA and trainB (and testA and testB)";

// The values of a column at these places, a row of `width` each; an empty one stays empty.
template <class T>
std::vector<T> column_at(const std::vector<T>& column, const std::vector<std::size_t>& places,
                         std::size_t width = 1) {
  std::vector<T> part;
  for (const auto place : places) {
    for (std::size_t c = 0; c < width && !column.empty(); ++c) part.push_back(column[place * width + c]);
  }
  return part;
}

// The images of a listing at these places, in this order, without labels.
Listing part_of(const Listing& whole, const std::vector<std::size_t>& places) {
  Listing part = whole;
  part.count = places.size();
  part.names.clear();
  for (const auto place : places) part.names.push_back(whole.name(place));
  part.attributes = column_at(whole.attributes, places, whole.attribute_names.size());
  part.captions = column_at(whole.captions, places);
  part.class_names.clear();
  part.labels.clear();
  part.style_names.clear();
  part.styles.clear();
  part.boxes.clear();
  part.keys.clear();
  part.groups = column_at(whole.groups, places);
  std::vector<std::ptrdiff_t> at(whole.count, -1);
  for (std::size_t i = 0; i < places.size(); ++i) at[places[i]] = static_cast<std::ptrdiff_t>(i);
  part.read = [read = whole.read, at, places](const std::vector<bool>& wanted, const Visitor& visitor) {
    std::vector<bool> asked(at.size(), false);
    for (std::size_t i = 0; i < places.size(); ++i) asked[places[i]] = wanted[i];
    read(asked, {[&](std::size_t index, Image image) {
                   visitor.image(static_cast<std::size_t>(at[index]), std::move(image));
                 },
                 [&](std::size_t index, Problem problem) {
                   visitor.bad(static_cast<std::size_t>(at[index]), std::move(problem));
                 },
                 visitor.note});
  };
  return part;
}

// A side of data.pairs: the files of a class, and of the classes in folders below it.
struct Domain {
  std::string name;
  std::vector<std::size_t> places;
};

// The name of a class within a folder around it: "" for the folder itself, "sub/" for one below; nothing for
// a class elsewhere.
std::optional<std::string> within(const std::string& class_name, const std::string& folder) {
  if (class_name == folder) return "";
  if (!class_name.starts_with(folder + "/")) return std::nullopt;
  return class_name.substr(folder.size() + 1) + "/";
}

bool has_domain(const Listing& listing, const std::string& name) {
  return listing.only_class == name ||
         std::any_of(listing.class_names.begin(), listing.class_names.end(),
                     [&](const std::string& each) { return within(each, name).has_value(); });
}

const std::string& class_of(const Listing& listing, std::size_t place) {
  return listing.class_names[static_cast<std::size_t>(listing.label(place))];
}

Domain domain_of(const Listing& listing, const std::string& name) {
  Domain domain{name, {}};
  for (std::size_t i = 0; i < listing.count; ++i) {
    if (listing.label(i) >= 0 && within(class_of(listing, i), name)) domain.places.push_back(i);
  }
  return domain;
}

// The first of the names that is a domain, or "".
std::string find_domain(const Listing& listing, const std::vector<std::string>& names) {
  const auto found = std::find_if(names.begin(), names.end(),
                                  [&](const std::string& name) { return has_domain(listing, name); });
  return found == names.end() ? "" : *found;
}

using ByKey = std::map<std::string, std::vector<std::size_t>>;

// The files of a domain by what the two files of a pair share: the path within the domain, without ending.
ByKey keys_of(const Listing& listing, const Domain& domain) {
  ByKey keys;
  for (const auto place : domain.places) {
    if (listing.keys.empty())
      throw data_error(listing.source + ": its images have no file names, which pairs are found by",
                       "use a folder of images: pairs are files of equal names in two folders");
    keys[*within(class_of(listing, place), domain.name) + listing.keys[place]].push_back(place);
  }
  return keys;
}

struct Pairing {
  std::vector<std::size_t> first, second;  // partners, in the order of A
  std::vector<Problem> problems;           // files without a partner, or with several
  bool any_equal = false;                  // some name is in both domains
};

// Why a file that shares its name with `own` files of its domain has no partner among `others`.
Problem without_partner(const Listing& listing, std::size_t place, const std::vector<std::size_t>& own,
                        const std::vector<std::size_t>& others, const std::string& other_name) {
  const auto file = listing.name(place);
  if (own.size() > 1)
    return {file, fmt::format("one of {} files of that name that differ in their endings", own.size()),
            "keep one of them"};
  if (others.empty())
    return {file, fmt::format("no file of that name in '{}'", other_name), "add it, or remove this one"};
  return {file, fmt::format("{} files of that name in '{}'", others.size(), other_name),
          "keep one of them there"};
}

Pairing pair_up(const Listing& listing, const Domain& a, const Domain& b) {
  const auto in_a = keys_of(listing, a), in_b = keys_of(listing, b);
  const auto files_of = [](const ByKey& keys, const std::string& key) {
    const auto found = keys.find(key);
    return found == keys.end() ? std::vector<std::size_t>{} : found->second;
  };
  Pairing pairing;
  std::map<std::size_t, std::size_t> partners;
  const auto refuse = [&](const auto& own, const auto& others, const Domain& other) {
    for (const auto place : own)
      pairing.problems.push_back(without_partner(listing, place, own, others, other.name));
  };
  for (const auto& [key, own] : in_a) {
    const auto others = files_of(in_b, key);
    pairing.any_equal = pairing.any_equal || !others.empty();
    if (own.size() == 1 && others.size() == 1) {
      partners[own[0]] = others[0];
    } else {
      refuse(own, others, b);
    }
  }
  for (const auto& [key, own] : in_b) {
    const auto others = files_of(in_a, key);
    if (own.size() != 1 || others.size() != 1) refuse(own, others, a);
  }
  for (const auto& [first, second] : partners) {
    pairing.first.push_back(first);
    pairing.second.push_back(second);
  }
  return pairing;
}

// The pairs of two domains; files without a partner become problems of side A.
Sides match(const Listing& listing, const Domain& a, const Domain& b) {
  const auto pairing = pair_up(listing, a, b);
  if (!pairing.any_equal) {
    throw data_error(
        fmt::format("{}: no file in '{}' has the same name as one in '{}'", listing.source, a.name, b.name),
        "give the two files of a pair equal names, or set data.unpaired=true for two unpaired domains");
  }
  if (pairing.first.empty()) {
    const auto& problem = pairing.problems.at(0);
    throw data_error(fmt::format("{}: no pairs in '{}' and '{}'; first: {}: {}", listing.source, a.name,
                                 b.name, problem.file, problem.reason),
                     problem.cure);
  }
  Sides sides{part_of(listing, pairing.first), part_of(listing, pairing.second), true};
  sides.a.problems.insert(sides.a.problems.end(), pairing.problems.begin(), pairing.problems.end());
  sides.b.problems.clear();
  return sides;
}

// Two domains: matched by name, or each on its own.
Sides sides_of(const Listing& listing, const Domain& a, const Domain& b, bool paired) {
  if (paired) return match(listing, a, b);
  Sides sides{part_of(listing, a.places), part_of(listing, b.places), false};
  sides.b.problems.clear();
  return sides;
}

// "a folder 'A' without a folder 'B'", if only one of two domains exists; else empty.
std::string lone_domain(const Listing& listing) {
  using Names = std::vector<std::string>;
  static const std::vector<std::pair<Names, Names>> both = {{{"A", "a"}, {"B", "b"}},
                                                            {{"trainA"}, {"trainB"}}};
  const auto text = [](const std::string& there, const Names& missing) {
    return fmt::format("a folder '{}' without a folder '{}'", there, missing[0]);
  };
  for (const auto& [first, second] : both) {
    const auto a = find_domain(listing, first), b = find_domain(listing, second);
    if (!a.empty() && b.empty()) return text(a, second);
    if (a.empty() && !b.empty()) return text(b, first);
  }
  return "";
}

// A test domain without the other one, which nothing reads.
std::optional<Problem> lone_test(const Listing& listing) {
  for (const auto& [there, missing] : {std::pair{"testA", "testB"}, {"testB", "testA"}}) {
    if (!has_domain(listing, there) || has_domain(listing, missing)) continue;
    const auto files = static_cast<std::int64_t>(domain_of(listing, there).places.size());
    return Problem{
        listing.source,
        fmt::format("{} in '{}' are not read, as there is no '{}'", counted(files, "image"), there, missing),
        fmt::format("add '{}', or remove '{}'", missing, there), files};
  }
  return {};
}

// Why there are no two domains.
std::string no_domains(const Listing& listing) {
  if (const auto lone = lone_domain(listing); !lone.empty()) return lone;
  auto has = first_names(listing.class_names, 10);
  if (listing.class_names.empty()) has = listing.only_class.empty() ? "no folders" : listing.only_class;
  return "no pairs of folders; it has " + has;
}

Sides folders(const Listing& listing, const DataOptions& options, Split split) {
  const auto a = find_domain(listing, {"A", "a"}), b = find_domain(listing, {"B", "b"});
  if (!a.empty() && !b.empty())
    return sides_of(listing, domain_of(listing, a), domain_of(listing, b), !options.unpaired);
  if (!has_domain(listing, "trainA") || !has_domain(listing, "trainB"))
    throw data_error(fmt::format("{}: {}", listing.source, no_domains(listing)), kFolders);
  const bool own_test = has_domain(listing, "testA") && has_domain(listing, "testB");
  const std::string part = own_test && split == Split::test ? "test" : "train";
  auto sides = sides_of(listing, domain_of(listing, part + "A"), domain_of(listing, part + "B"), false);
  sides.a.split = sides.b.split = own_test;
  if (auto lone = lone_test(listing)) sides.a.problems.push_back(std::move(*lone));
  return sides;
}

// A side by the name of a class or of a folder around classes, or by the number of a class.
Domain named_domain(const Listing& listing, const std::string& text) {
  if (has_domain(listing, text)) return domain_of(listing, text);
  const auto number = class_numbers({text}, listing.class_names, listing.source)[0];
  return domain_of(listing, listing.class_names[static_cast<std::size_t>(number)]);
}

Sides halves(const Listing& listing) {
  const auto half = [&](bool right) {
    Listing part = listing;
    part.read = [listing, right](const std::vector<bool>& wanted, const Visitor& visitor) {
      const auto cut = [&](std::size_t index, const Image& image) {
        if (image.width < 2 || image.width % 2 != 0) {
          return visitor.bad(index,
                             {listing.name(index),
                              fmt::format("{} wide, which cannot be halved", counted(image.width, "pixel")),
                              "put A and B side by side, equally wide"});
        }
        Image side{image.width / 2, image.height, image.channels, {}};
        const auto row = static_cast<std::ptrdiff_t>(side.width) * side.channels;
        for (std::ptrdiff_t y = 0; y < image.height; ++y) {
          const auto from = image.pixels.begin() + (2 * y + (right ? 1 : 0)) * row;
          side.pixels.insert(side.pixels.end(), from, from + row);
        }
        visitor.image(index, std::move(side));
      };
      listing.read(wanted, {cut, visitor.bad, visitor.note});
    };
    return part;
  };
  return {half(false), half(true), true};
}

// Strength of the gradient by Sobel's masks: white lines on black.
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
  static const std::vector<std::string> kinds = {"none",   "folders",        "side-by-side", "classes",
                                                 "edges",  "low-resolution", "reduced",      "gray",
                                                 "masked", "random"};
  return kinds;
}

void explain_domains(const Listing& listing, std::vector<std::string>& facts,
                     std::vector<Problem>& problems) {
  if (listing.keys.empty()) return;  // the letters A and B of glyphs are not domains
  const auto a = find_domain(listing, {"A", "a"}), b = find_domain(listing, {"B", "b"});
  const bool train_a = has_domain(listing, "trainA"), train_b = has_domain(listing, "trainB");
  // Among other folders A may be a class.
  const bool alone = train_a || train_b || listing.class_names.size() < 2;
  if (!a.empty() && !b.empty()) {
    const auto pairing = pair_up(listing, domain_of(listing, a), domain_of(listing, b));
    const auto is_outside = [&](const auto& name) { return !within(name, a) && !within(name, b); };
    if (std::any_of(listing.class_names.begin(), listing.class_names.end(), is_outside)) {
      if (!pairing.first.empty())
        facts.push_back(fmt::format("{} and {} share {}: if these are pairs, use data.pairs=folders", a, b,
                                    counted(pairing.first.size(), "file name")));
      return;
    }
    if (!pairing.any_equal) {
      facts.push_back(
          "A and B share no file name, so they are not pairs: data.pairs=folders with data.unpaired=true "
          "takes them as two domains");
      return;
    }
    facts.push_back(fmt::format("{} in A and B: data.pairs=folders", counted(pairing.first.size(), "pair")));
    problems.insert(problems.end(), pairing.problems.begin(), pairing.problems.end());
  } else if (train_a && train_b) {
    facts.push_back("trainA and trainB are two domains that are not paired: data.pairs=folders");
    if (auto lone = lone_test(listing)) problems.push_back(std::move(*lone));
  } else if (const auto lone = lone_domain(listing); alone && !lone.empty()) {
    problems.push_back({listing.source, lone, fmt::format("{} with data.pairs=folders", kFolders)});
  }
}

bool is_derived(const std::string& pairs) {
  return pairs == "edges" || pairs == "low-resolution" || pairs == "reduced" || pairs == "gray" ||
         pairs == "masked";
}

Image derive(const Image& image, const DataOptions& options) {
  const auto& pairs = options.pairs;
  if (pairs == "edges") return edges(image);
  if (pairs == "masked") return masked(image);
  if (pairs == "gray") return convert_channels(image, 1);
  const auto factor = static_cast<int>(options.factor);
  const int width = std::max(1, image.width / factor), height = std::max(1, image.height / factor);
  if (pairs == "reduced") return resize(image, width, height, Filter::bicubic);
  return resize(resize(image, width, height), image.width, image.height);
}

std::optional<Sides> list_sides(const Source& source, const DataOptions& options, Split split) {
  const auto& pairs = options.pairs;
  if (source.kind == Source::Kind::glyph_pairs) {
    if (pairs != "none" && pairs != "folders" && pairs != "random")
      throw usage_error(
          fmt::format("'{}' already is a set of pairs, but data.pairs is {}", source.name, pairs),
          "leave data.pairs at none");
    if (pairs == "random") return std::nullopt;
    auto a = make_glyph_pairs(source.name, options.seed, split);
    auto b = std::move(a.others[0]);
    a.others.clear();
    return Sides{listing_of(std::move(a), source.name, true), listing_of(std::move(b), source.name, true),
                 true};
  }
  if (pairs == "none" || pairs == "random" || is_derived(pairs)) return std::nullopt;
  const auto listing = list_source(source, options, split);
  if (pairs == "side-by-side") return halves(listing);
  if (pairs == "folders") return folders(listing, options, split);
  if (options.sides.size() != 2)
    throw usage_error(
        fmt::format("data.pairs=classes needs two data.sides, but has {}", options.sides.size()),
        "name the classes that are A and B: data.sides = [\"front\", \"left\"]");
  return sides_of(listing, named_domain(listing, options.sides[0]), named_domain(listing, options.sides[1]),
                  !options.unpaired);
}

}  // namespace belamy
