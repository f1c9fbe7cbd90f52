#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <unistd.h>

#include "core/random.h"
#include "data/choose.h"
#include "data/fitted.h"
#include "data/glyphs.h"
#include "data/readers.h"
#include "data/synthetic.h"

namespace belamy {
namespace {

std::uint64_t physical_memory() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) *
         static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

// What was done to the images, for one line at the start of a run.
class FitNote {
 public:
  void before(const Image& image) {
    if (!any_) low_ = high_ = {image.width, image.height};
    low_ = std::min(low_, {image.width, image.height});
    high_ = std::max(high_, {image.width, image.height});
    (image.channels == 1 ? gray_ : colour_) = any_ = true;
  }

  void fitting(const Image& image, int size, Fit fit) {
    if (image.width == size && image.height == size) return;
    const int longer = std::max(image.width, image.height), shorter = std::min(image.width, image.height);
    const int scaled = fit == Fit::crop ? shorter : longer;
    const bool only_padded = fit == Fit::pad && longer <= size && longer * 5 > size * 4;
    if (fit == Fit::pad && (longer != shorter || only_padded)) how_[0] = "padded";
    if (fit == Fit::crop && longer != shorter) how_[0] = "cropped";
    if (fit == Fit::stretch && longer != shorter) how_[0] = "stretched";
    if (scaled > size) how_[1] = "antialiased";
    if (scaled < size && !only_padded) how_[2] = "enlarged";
  }

  /// Empty when nothing was changed.
  std::string text(const Image& last) const {
    std::string from = fmt::format("{}x{}", low_.first, low_.second);
    if (low_ != high_) from += fmt::format(" to {}x{}", high_.first, high_.second);
    const std::string kinds = gray_ && colour_ ? "gray and colour" : gray_ ? "gray" : "colour";
    const std::string kind = last.channels == 1 ? "gray" : "colour";
    std::string to = fmt::format("{}x{}", last.width, last.height);
    if (from == to && kinds == kind) return "";
    std::string line = fmt::format("{} {} -> {} {}", from, kinds, to, kind);
    for (const char* how : how_) {
      if (how) line += fmt::format(", {}", how);
    }
    return line;
  }

 private:
  bool any_ = false, gray_ = false, colour_ = false;
  std::pair<int, int> low_, high_;
  std::array<const char*, 3> how_{};
};

std::int64_t files_of(const std::vector<Problem>& problems) {
  return std::accumulate(problems.begin(), problems.end(), std::int64_t{0},
                         [](std::int64_t sum, const Problem& problem) { return sum + problem.files; });
}

// Interleaved pixels, channel after channel.
void put_planes(const Image& image, std::uint8_t* to) {
  const auto channels = static_cast<std::size_t>(image.channels);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t p = c; p < image.pixels.size(); p += channels) *to++ = image.pixels[p];
  }
}

// Makes the values of an image 0 or 255. A draw depends on the seed and the image's place in its source, not
// on which others are used: data.limit and data.classes do not change it.
class Binarizer {
 public:
  Binarizer(const DataOptions& options, const Listing& listing, Split split)
      : how_(options.binarize), seed_(static_cast<std::uint64_t>(options.seed)) {
    const bool apart = split == Split::test ? listing.split : listing.validation && split != Split::train;
    stream_ = (apart ? 2 + static_cast<std::uint64_t>(split) : 1) << 40;
  }

  void operator()(Image& image, std::size_t index) const {
    if (how_ == "none") return;
    Random random(seed_, stream_ + index);
    for (auto& value : image.pixels) {
      const bool white = how_ == "sample" ? random.uniform() * 255 < value : value > 127;
      value = white ? 255 : 0;
    }
  }

 private:
  const std::string& how_;
  std::uint64_t seed_, stream_;
};

// Takes images one by one, makes each the wanted shape and puts it at its place.
class Collector {
 public:
  Collector(const Listing& listing, const std::vector<bool>& wanted, const DataOptions& options, Split split)
      : listing_(listing),
        options_(options),
        binarize_(options, listing, split),
        fit_(parse_fit(options.fit)),
        training_(split == Split::train),
        slots_(wanted.size(), -1) {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i]) slots_[i] = count++;
    }
    filled_.resize(static_cast<std::size_t>(count));
  }

  void image(std::size_t index, Image image) {
    note_.before(image);
    brightest_ = std::max(brightest_, brightest_of(image.pixels));
    if (options_.size > 0) {
      const int size = static_cast<int>(options_.size);
      note_.fitting(image, size, fit_);
      image = fit_image(image, size, fit_);
    }
    if (options_.channels > 0) image = convert_channels(image, static_cast<int>(options_.channels));
    binarize_(image, index);
    if (pixels_.empty()) start(index, image);
    check_same(index, image);
    put_planes(image, &pixels_[static_cast<std::size_t>(slots_[index]) * bytes_]);
    filled_[static_cast<std::size_t>(slots_[index])] = true;
  }

  void bad(Problem problem) { problems_.push_back(std::move(problem)); }

  Dataset finish() {
    Dataset set;
    set.problems = listing_.problems;
    set.problems.insert(set.problems.end(), problems_.begin(), problems_.end());
    std::stable_sort(set.problems.begin(), set.problems.end(),
                     [](const Problem& a, const Problem& b) { return a.file < b.file; });
    if (pixels_.empty()) throw nothing_readable(set.problems);

    set.channels = shape_.channels;
    set.height = shape_.height;
    set.width = shape_.width;
    set.class_names = listing_.class_names;
    set.style_names = listing_.style_names;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i] < 0) continue;
      const auto slot = static_cast<std::size_t>(slots_[i]), at = static_cast<std::size_t>(set.count);
      if (!filled_[slot]) continue;
      places_.push_back(i);
      set.names.push_back(listing_.items[i].name);
      // Closes the gaps that bad files leave.
      if (at != slot) std::copy_n(&pixels_[slot * bytes_], bytes_, &pixels_[at * bytes_]);
      ++set.count;
      if (!set.class_names.empty()) set.labels.push_back(listing_.items[i].label);
      if (!set.style_names.empty()) set.styles.push_back(listing_.items[i].style);
    }
    pixels_.resize(static_cast<std::size_t>(set.count) * bytes_);
    set.pixels = std::move(pixels_);
    set.notes = listing_.notes;
    if (auto line = note_.text(shape_); !line.empty()) set.notes.push_back(std::move(line));
    for (const auto& found : {dark_images(listing_.source, brightest_), classes_without_image()}) {
      if (found) set.notes.push_back(fmt::format("{}. {}", found->reason, found->cure));
    }
    if (!set.problems.empty()) set.notes.push_back(note_of_problems(set));
    return set;
  }

  /// Of the examples of the finished set, in the listing.
  const std::vector<std::size_t>& places() const { return places_; }

 private:
  // The first image decides the shape.
  void start(std::size_t index, const Image& image) {
    shape_ = {image.width, image.height, image.channels, {}};
    first_ = index;
    bytes_ = image.pixels.size();
    const double needed = static_cast<double>(bytes_) * static_cast<double>(filled_.size());
    const double memory = static_cast<double>(physical_memory());
    if (needed > memory) {
      throw data_error(
          fmt::format("{}: {} images of {}x{} take {:.1f} GiB, this machine has {:.1f} GiB", listing_.source,
                      filled_.size(), image.width, image.height, needed / (1 << 30), memory / (1 << 30)),
          "Set data.size to a smaller size, or data.limit.");
    }
    pixels_.resize(bytes_ * filled_.size());
  }

  void check_same(std::size_t index, const Image& image) const {
    const auto text = [](const Image& i) {
      return fmt::format("{}x{} {}", i.width, i.height, i.channels == 1 ? "gray" : "colour");
    };
    if (image.channels == shape_.channels && image.width == shape_.width && image.height == shape_.height)
      return;
    const bool size = image.width != shape_.width || image.height != shape_.height;
    throw data_error(
        fmt::format("{}: the images differ: {} is {}, {} is {}", listing_.source, listing_.items[first_].name,
                    text(shape_), listing_.items[index].name, text(image)),
        size ? "Set data.size to the side that all shall have, such as data.size = 64."
             : "Set data.channels to 1 (gray) or 3 (colour).");
  }

  std::string note_of_problems(const Dataset& set) const {
    const auto left = files_of(set.problems);
    const auto first = std::find_if(set.problems.begin(), set.problems.end(),
                                    [&](const Problem& p) { return left == 0 || p.files > 0; });
    const auto what = left == 0 ? fmt::format("problems of the data set: {}", set.problems.size())
                                : fmt::format("{} of {} files left out", left, left + set.count);
    return fmt::format("{} ('belamy data doctor {}' lists all); the first: {}: {}", what, options_.source,
                       first->file, first->reason);
  }

  // Of the whole source: data.limit and data.classes may well leave a class without one.
  std::optional<Problem> classes_without_image() const {
    if (!training_) return {};
    std::vector<std::int64_t> counts(listing_.class_names.size());
    for (const auto& item : listing_.items) {
      if (item.label >= 0) ++counts[static_cast<std::size_t>(item.label)];
    }
    return empty_classes(listing_.source, listing_.class_names, counts);
  }

  Error nothing_readable(const std::vector<Problem>& problems) const {
    std::string seen =
        fmt::format("{}: {} files, none of them a readable image", listing_.source, files_of(problems));
    if (!problems.empty()) seen += fmt::format("; first: {}: {}", problems[0].file, problems[0].reason);
    return data_error(seen,
                      "Expected PNG, JPEG, PGM or PPM files, in one folder or in one sub-folder a class.");
  }

  const Listing& listing_;
  const DataOptions& options_;
  Binarizer binarize_;
  Fit fit_;
  bool training_;
  std::vector<std::int64_t> slots_;  // place of each item in pixels_, or -1
  std::vector<bool> filled_;
  std::vector<std::uint8_t> pixels_;
  Image shape_;  // without pixels
  std::uint8_t brightest_ = 0;
  std::size_t first_ = 0, bytes_ = 0;
  std::vector<Problem> problems_;
  std::vector<std::size_t> places_;
  FitNote note_;
};

struct Collected {
  Dataset set;
  std::vector<std::size_t> places;  // in the listing
};

Collected collect(const Listing& listing, const std::vector<bool>& wanted, const DataOptions& options,
                  Split split) {
  Collector collector(listing, wanted, options, split);
  listing.read(wanted, {[&](std::size_t index, Image image) { collector.image(index, std::move(image)); },
                        [&](std::size_t, Problem problem) { collector.bad(std::move(problem)); }});
  auto set = collector.finish();
  return {std::move(set), collector.places()};
}

// Only the examples at these places, in their order.
Dataset picked(const Dataset& from, const std::vector<std::size_t>& places) {
  Dataset set = from;
  set.count = 0;
  set.pixels.clear();
  set.labels.clear();
  set.names.clear();
  set.styles.clear();
  const auto bytes = from.pixels.size() / static_cast<std::size_t>(std::max<std::int64_t>(from.count, 1));
  for (const auto place : places) {
    const auto begin = from.pixels.begin() + static_cast<std::ptrdiff_t>(place * bytes);
    set.pixels.insert(set.pixels.end(), begin, begin + static_cast<std::ptrdiff_t>(bytes));
    if (!from.labels.empty()) set.labels.push_back(from.labels[place]);
    if (!from.names.empty()) set.names.push_back(from.names[place]);
    if (!from.styles.empty()) set.styles.push_back(from.styles[place]);
    ++set.count;
  }
  return set;
}

// Training examples that are not to be seen as pairs: A from one half of them, B from the other.
void part_ways(Dataset& set, std::int64_t seed) {
  if (set.count < 2)
    throw data_error(fmt::format("'{}' has {} pair, too few for two halves", set.name, set.count),
                     "leave data.unpaired at false");
  const auto order = Random(static_cast<std::uint64_t>(seed), 6ull << 32).permutation(set.count);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
  std::vector<std::size_t> first(order.begin(), middle), second(middle, order.end());
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  auto b = picked(set.others[0], second);
  auto a = picked(set, first);
  a.others = {std::move(b)};
  a.paired = false;
  set = std::move(a);
}

Dataset load_sides(const Sides& sides, const DataOptions& options, Split split) {
  const auto wanted_a = choose(sides.a, options, split);
  auto [a, in_a] = collect(sides.a, wanted_a, options, split);
  auto [b, in_b] =
      collect(sides.b, sides.paired ? wanted_a : choose(sides.b, options, split), options, split);
  if (sides.paired && in_a != in_b) {
    // One bad file takes its partner along.
    std::vector<std::size_t> of_a, of_b;
    for (std::size_t i = 0, j = 0; i < in_a.size() && j < in_b.size();) {
      if (in_a[i] == in_b[j]) {
        of_a.push_back(i++);
        of_b.push_back(j++);
      } else {
        in_a[i] < in_b[j] ? ++i : ++j;
      }
    }
    a = picked(a, of_a);
    b = picked(b, of_b);
    if (a.count == 0) throw data_error(sides.a.source + ": no pair has two readable sides");
  }
  for (const auto& note : b.notes) {
    if (std::find(a.notes.begin(), a.notes.end(), note) == a.notes.end()) a.notes.push_back(note);
  }
  a.others = {std::move(b)};
  a.paired = sides.paired;
  return a;
}

// A made of the pictures, which are B.
void derive_side(Dataset& set, const std::string& pairs) {
  Dataset a = set;
  a.pixels.clear();
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto image = derive(set.image(i), pairs);
    a.channels = image.channels;
    const auto end = a.pixels.size();
    a.pixels.resize(end + image.pixels.size());
    put_planes(image, &a.pixels[end]);
  }
  set.notes.clear();
  a.others = {std::move(set)};
  a.paired = true;
  set = std::move(a);
}

Dataset load_images(const Source& source, const DataOptions& options, Split split) {
  Dataset set;
  if (const auto sides = list_sides(source, options, split)) {
    set = load_sides(*sides, options, split);
  } else {
    const Listing listing = list_source(source, split, options.seed);
    set = collect(listing, choose(listing, options, split), options, split).set;
  }
  set.name = source.name;
  if (is_derived(options.pairs)) derive_side(set, options.pairs);
  if (options.unpaired && set.paired && split == Split::train) part_ways(set, options.seed);
  for (auto& other : set.others) other.name = source.name + ", side B";
  return set;
}

// Pairs are drawn by class: there must be two.
void allow_matches(Dataset& set) {
  std::vector<bool> seen(set.class_names.size(), false);
  for (const auto label : set.labels) seen[static_cast<std::size_t>(label)] = true;
  if (std::count(seen.begin(), seen.end(), true) < 2)
    throw data_error(
        fmt::format(
            "'{}' has not two classes, and data.pairs=random draws pairs of equal and of different class",
            set.name),
        "choose data with labels");
  set.matches = true;
}

// Points are drawn, so the other splits are other seeds' and nothing is held out.
Dataset load_points(const Source& source, const DataOptions& options, Split split) {
  constexpr std::int64_t train_count = 50000, test_count = 10000;
  std::int64_t count = test_count, seed = options.seed ^ 0x74657374;
  if (split == Split::train) {
    count = options.limit > 0 ? options.limit : train_count;
    seed = options.seed;
  } else if (split == Split::validation) {
    if (options.validation > 0) count = options.validation;
    seed = options.seed ^ 0x76616c;
  }
  return make_synthetic(source.name, count, seed, options.classes);
}

}  // namespace

Listing listing_of(Dataset set, const std::string& source, bool split) {
  Listing listing;
  listing.source = source;
  listing.split = split;
  listing.class_names = set.class_names;
  listing.style_names = set.style_names;
  listing.items.resize(static_cast<std::size_t>(set.count));
  for (std::size_t i = 0; i < listing.items.size(); ++i) {
    listing.items[i].name = fmt::format("image {}", i);
    if (!set.labels.empty()) listing.items[i].label = set.labels[i];
    if (!set.styles.empty()) listing.items[i].style = set.styles[i];
  }
  const auto shared = std::make_shared<const Dataset>(std::move(set));
  listing.read = [shared](const std::vector<bool>& wanted, const Visitor& visitor) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i]) visitor.image(i, shared->image(static_cast<std::int64_t>(i)));
    }
  };
  return listing;
}

Listing list_source(const Source& source, Split split, std::int64_t seed) {
  switch (source.kind) {
    case Source::Kind::idx: return list_idx(source.path, split);
    case Source::Kind::cifar: return list_cifar(source.path, split);
    case Source::Kind::usps: return list_usps(source.path, split);
    case Source::Kind::npz: return list_npz(source.path, split);
    case Source::Kind::glyphs: return listing_of(make_glyphs(seed, split), source.name, true);
    case Source::Kind::glyph_pairs: {
      auto set = make_glyph_pairs(source.name, seed, split);
      set.others.clear();
      set.paired = false;
      return listing_of(std::move(set), source.name, true);
    }
    default: return list_files(source.path, split);
  }
}

Dataset load_dataset(const DataOptions& options, Split split) {
  if (options.channels == 2) {
    throw usage_error("data.channels = 2", "Allowed: 1 (gray), 3 (colour), 0 (as the images are).");
  }
  const Source source = find_source(options.source);
  if (options.unpaired && options.pairs == "none" && source.kind != Source::Kind::glyph_pairs) {
    throw usage_error(fmt::format("data.unpaired=true, and '{}' holds no pairs", options.source),
                      "set data.pairs, or leave data.unpaired at false");
  }
  Dataset set = source.kind == Source::Kind::synthetic ? load_points(source, options, split)
                                                       : load_images(source, options, split);
  if (options.pairs != "none" && !set.is_images() && options.pairs != "random")
    throw usage_error(fmt::format("data.pairs={} is for images", options.pairs), "leave it at none");
  if (options.pairs == "random") allow_matches(set);
  if (options.target.empty()) return set;
  if (!set.others.empty() || set.matches) {
    throw usage_error(fmt::format("data.target names a second domain, and '{}' has one already", source.name),
                      "leave data.target empty, or data.pairs at none");
  }
  auto second = options;
  second.source = options.target;
  second.target.clear();
  second.limit = options.target_limit;
  set.others.push_back(load_dataset(second, split));
  auto& target = set.others.back();
  if (target.is_images() != set.is_images())
    throw usage_error(
        fmt::format("'{}' holds {} and '{}' {}", source.name, set.is_images() ? "images" : "points",
                    target.name, target.is_images() ? "images" : "points"),
        "choose two domains of one kind");
  set.notes.insert(set.notes.end(), target.notes.begin(), target.notes.end());
  return set;
}

}  // namespace belamy
