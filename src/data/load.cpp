// Loads a data set: finds the source, reads, chooses, fits.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <numeric>

#include "core/random.h"
#include "core/text.h"
#include "data/attributes.h"
#include "data/cluttered.h"
#include "data/fit_image.h"
#include "data/glyphs.h"
#include "data/readers.h"
#include "data/sides.h"
#include "data/splits.h"
#include "data/sprites.h"
#include "data/stacked_digits.h"
#include "data/synthetic.h"

namespace belamy {
namespace {

// How the images were fitted, as one line for the start of a run.
class FitNote {
 public:
  void before(const Image& image) {
    if (!any_) low_ = high_ = {image.width, image.height};
    low_ = std::min(low_, {image.width, image.height});
    high_ = std::max(high_, {image.width, image.height});
    (image.channels == 1 ? gray_ : colour_) = any_ = true;
  }

  void fitting(const Image& image, WantedSize to, Fit fit) {
    if (image.width == to.width && image.height == to.height) return;
    const double across = static_cast<double>(to.width) / image.width,
                 down = static_cast<double>(to.height) / image.height;
    const bool other_ratio = across != down;
    const double scale = fit == Fit::crop ? std::max(across, down) : std::min(across, down);
    const bool only_padded = fit == Fit::pad && scale >= 1 && scale < 1.25;
    if (fit == Fit::pad && (other_ratio || only_padded)) how_[0] = "padded";
    if (fit == Fit::crop && other_ratio) how_[0] = "cropped";
    if (fit == Fit::stretch && other_ratio) how_[0] = "stretched";
    if (scale < 1) how_[1] = "antialiased";
    if (scale > 1 && !only_padded) how_[2] = "enlarged";
  }

  /// Empty if nothing was changed.
  std::string text(const Image& last, const DataOptions& options) const {
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
    if (!options.chosen) return line;
    std::vector<std::string> chosen;
    if (options.size > 0) chosen.push_back(fmt::format("data.size={}", options.size));
    if (options.channels > 0) chosen.push_back(fmt::format("data.channels={}", options.channels));
    return fmt::format("{} ({})", line, fmt::join(chosen, ", "));
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

// Copies interleaved pixels channel by channel.
void put_planes(const Image& image, std::uint8_t* to) {
  const auto channels = static_cast<std::size_t>(image.channels);
  if (channels == 1) {
    std::copy(image.pixels.begin(), image.pixels.end(), to);
    return;
  }
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

// Collects images one by one: fits each to the wanted shape and stores it at its place.
class Collector {
 public:
  Collector(const Listing& listing, const std::vector<bool>& wanted, const DataOptions& options, Split split)
      : listing_(listing),
        options_(options),
        binarize_(options, listing, split),
        fit_(parse_fit(options.fit)),
        wanted_(wanted_size(options)),
        training_(split == Split::train),
        slots_(wanted.size(), -1) {
    std::int64_t count = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i]) slots_[i] = count++;
    }
    filled_.resize(static_cast<std::size_t>(count));
    if (!listing_.boxes.empty()) boxes_.resize(filled_.size());
  }

  void image(std::size_t index, Image image) {
    note_.before(image);
    if (!listing_.boxes.empty()) boxes_[static_cast<std::size_t>(slots_[index])] = fitted_box(index, image);
    brightest_ = std::max(brightest_, brightest_of(image.pixels));
    if (wanted_) {
      note_.fitting(image, wanted_, fit_);
      image = fit_image(image, wanted_.width, wanted_.height, fit_);
    }
    if (options_.channels > 0) image = convert_channels(image, static_cast<int>(options_.channels));
    binarize_(image, index);
    if (pixels_.empty()) start(index, image);
    check_same(index, image);
    put_planes(image, &pixels_[static_cast<std::size_t>(slots_[index]) * bytes_]);
    filled_[static_cast<std::size_t>(slots_[index])] = true;
    pixels_.used(bytes_);
  }

  void bad(Problem problem) { problems_.push_back(std::move(problem)); }
  void note(std::string text) { notes_.push_back(std::move(text)); }

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
    set.only_class = listing_.only_class;
    set.attribute_names = listing_.attribute_names;
    if (!wanted_) set.pixel_size = listing_.pixel_size;
    const auto width = listing_.attribute_names.size();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i] < 0) continue;
      const auto slot = static_cast<std::size_t>(slots_[i]), at = static_cast<std::size_t>(set.count);
      if (!filled_[slot]) continue;
      places_.push_back(i);
      if (listing_.names.empty())
        set.places.push_back(static_cast<std::int64_t>(i));
      else
        set.names.push_back(listing_.names[i]);
      // Closes the gaps that bad files leave.
      if (at != slot) std::copy_n(&pixels_[slot * bytes_], bytes_, &pixels_[at * bytes_]);
      ++set.count;
      if (!set.class_names.empty()) set.labels.push_back(listing_.label(i));
      if (!set.style_names.empty()) set.styles.push_back(listing_.styles[i]);
      if (!listing_.captions.empty()) set.captions.push_back(listing_.captions[i]);
      if (!listing_.groups.empty()) set.groups.push_back(listing_.groups[i]);
      if (!boxes_.empty()) set.boxes.push_back(boxes_[slot]);
      const auto row = listing_.attributes.begin() + static_cast<std::ptrdiff_t>(i * width);
      set.attributes.insert(set.attributes.end(), row, row + static_cast<std::ptrdiff_t>(width));
    }
    // All images of an array.
    if (set.places.size() == listing_.count) set.places = {};
    pixels_.resize(static_cast<std::size_t>(set.count) * bytes_);
    set.pixels = std::move(pixels_);
    set.pixels.let_go();
    set.notes = listing_.notes;
    set.notes.insert(set.notes.end(), notes_.begin(), notes_.end());
    if (set.pixels.on_disk())
      set.notes.push_back(
          fmt::format("{:.1f} GiB of pixels lie in a file in {}, for as long as they are used",
                      static_cast<double>(set.pixels.size()) / (1 << 30), cache_folder().string()));
    if (auto line = note_.text(shape_, options_); !line.empty()) set.notes.push_back(std::move(line));
    for (const auto& found : {dark_images(listing_.source, brightest_), classes_without_image()}) {
      if (found) set.notes.push_back(fmt::format("{}; {}", found->reason, found->cure));
    }
    if (!set.problems.empty()) set.notes.push_back(note_of_problems(set));
    return set;
  }

  /// For each example of the finished set, its place in the listing.
  const std::vector<std::size_t>& places() const { return places_; }

 private:
  // The first image decides the shape.
  void start(std::size_t index, const Image& image) {
    shape_ = {image.width, image.height, image.channels, {}};
    first_ = index;
    bytes_ = image.pixels.size();
    pixels_ = Pixels(static_cast<std::uint64_t>(options_.memory) << 20);
    pixels_.resize(bytes_ * filled_.size());
  }

  Box fitted_box(std::size_t index, const Image& image) const {
    const auto& box = listing_.boxes[index];
    return wanted_ ? fit_box(box, image.width, image.height, wanted_.width, wanted_.height, fit_) : box;
  }

  void check_same(std::size_t index, const Image& image) const {
    const auto text = [](const Image& i) {
      return fmt::format("{}x{} {}", i.width, i.height, i.channels == 1 ? "gray" : "colour");
    };
    if (image.channels == shape_.channels && image.width == shape_.width && image.height == shape_.height)
      return;
    const bool size = image.width != shape_.width || image.height != shape_.height;
    throw ImagesDiffer(ExitCode::data,
                       fmt::format("{}: the images differ: {} is {}, {} is {}", listing_.source,
                                   listing_.name(first_), text(shape_), listing_.name(index), text(image)),
                       size ? "set data.size to one side for all images, such as data.size=64"
                            : "set data.channels to 1 (gray) or 3 (colour)");
  }

  std::string note_of_problems(const Dataset& set) const {
    const auto left = files_of(set.problems);
    const auto first = std::find_if(set.problems.begin(), set.problems.end(),
                                    [&](const Problem& p) { return left == 0 || p.files > 0; });
    const auto what = left == 0 ? fmt::format("problems of the data set: {}", set.problems.size())
                                : fmt::format("{} of {} left out", left, counted(left + set.count, "file"));
    return fmt::format("{} ('belamy data doctor {}' lists all); the first: {}: {}", what, options_.source,
                       first->file, first->reason);
  }

  // Counts the whole source: data.limit and data.classes may leave a class without an image on purpose.
  std::optional<Problem> classes_without_image() const {
    if (!training_) return {};
    std::vector<std::int64_t> counts(listing_.class_names.size());
    for (const auto label : listing_.labels) {
      if (label >= 0) ++counts[static_cast<std::size_t>(label)];
    }
    return empty_classes(listing_.source, listing_.class_names, counts);
  }

  Error nothing_readable(const std::vector<Problem>& problems) const {
    std::string seen =
        fmt::format("{}: no readable image among {}", listing_.source, counted(files_of(problems), "file"));
    if (!problems.empty()) seen += fmt::format("; first: {}: {}", problems[0].file, problems[0].reason);
    return data_error(seen, "use PNG, JPEG, PGM or PPM files, in one folder or in one sub-folder per class");
  }

  const Listing& listing_;
  const DataOptions& options_;
  Binarizer binarize_;
  Fit fit_;
  WantedSize wanted_;
  bool training_;
  std::vector<std::int64_t> slots_;  // place of each item in pixels_, or -1
  std::vector<bool> filled_;
  std::vector<Box> boxes_;  // by place in pixels_
  Pixels pixels_;
  Image shape_;  // without pixels
  std::uint8_t brightest_ = 0;
  std::size_t first_ = 0, bytes_ = 0;
  std::vector<Problem> problems_;
  std::vector<std::string> notes_;
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
                        [&](std::size_t, Problem problem) { collector.bad(std::move(problem)); },
                        [&](std::string text) { collector.note(std::move(text)); }});
  auto set = collector.finish();
  return {std::move(set), collector.places()};
}

// Breaks up the pairs of a training set: takes A from one half of them and B from the other.
void part_ways(Dataset& set, std::int64_t seed) {
  if (set.count < 2)
    throw data_error(
        fmt::format("'{}' has {}, too few to split into two halves", set.name, counted(set.count, "pair")),
        "leave data.unpaired at false");
  const auto order = Random(static_cast<std::uint64_t>(seed), 6ull << 32).permutation(set.count);
  const auto middle = order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2);
  std::vector<std::size_t> first(order.begin(), middle), second(middle, order.end());
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  auto b = subset(set.others[0], second);
  auto a = subset(set, first);
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
    // A bad file excludes its partner as well.
    std::vector<std::size_t> of_a, of_b;
    for (std::size_t i = 0, j = 0; i < in_a.size() && j < in_b.size();) {
      if (in_a[i] == in_b[j]) {
        of_a.push_back(i++);
        of_b.push_back(j++);
      } else {
        in_a[i] < in_b[j] ? ++i : ++j;
      }
    }
    a = subset(a, of_a);
    b = subset(b, of_b);
    if (a.count == 0) throw data_error(sides.a.source + ": no pair has two readable sides");
  }
  for (const auto& note : b.notes) {
    if (std::find(a.notes.begin(), a.notes.end(), note) == a.notes.end()) a.notes.push_back(note);
  }
  a.others = {std::move(b)};
  a.paired = sides.paired;
  return a;
}

void check_derivable(const Dataset& set, const DataOptions& options) {
  const auto factor = options.factor;
  if (options.pairs != "reduced" || (set.width % factor == 0 && set.height % factor == 0)) return;
  throw usage_error(
      fmt::format("data.factor={} does not divide the sides of the {}x{} images of '{}'", factor, set.width,
                  set.height, set.name),
      fmt::format("set data.size={}, or another data.factor",
                  std::max<std::int64_t>(1, std::min(set.width, set.height) / factor) * factor));
}

// Computes side A from the pictures, which become side B.
void derive_side(Dataset& set, const DataOptions& options) {
  check_derivable(set, options);
  Pixels pixels = std::move(set.pixels);
  Dataset a = set;
  a.pixels = pixels.like();
  set.pixels = std::move(pixels);
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto image = derive(set.image(i), options);
    a.channels = image.channels;
    a.width = image.width;
    a.height = image.height;
    const auto end = a.pixels.size();
    if (i == 0) a.pixels.reserve(static_cast<std::size_t>(set.count) * image.pixels.size());
    a.pixels.resize(end + image.pixels.size());
    put_planes(image, &a.pixels[end]);
    set.pixels.used(image.pixels.size());
  }
  a.pixels.let_go();
  set.pixels.let_go();
  set.notes.clear();
  a.others = {std::move(set)};
  a.paired = true;
  set = std::move(a);
}

// The settings of the second domain.
DataOptions target_options(const DataOptions& options) {
  auto second = options;
  second.source = options.target;
  second.target.clear();
  second.attributes.clear();
  second.limit = options.target_limit;
  return second;
}

Error needs_images(const std::string& pairs) {
  return usage_error(fmt::format("data.pairs={} needs images, not points", pairs),
                     "leave data.pairs at none");
}

Listing list_all(const Source& source, const DataOptions& options, Split split) {
  if (const auto* format = format_of(source.kind)) return format->list(source.path, split, options);
  if (source.kind == Source::Kind::synthetic) throw needs_images(options.pairs);
  if (source.kind == Source::Kind::glyphs) {
    const bool unseen = source.name == kCaptionedGlyphs;
    if (unseen || source.name == kSeenCombinations)
      return listing_of(make_captioned_glyphs(options.seed, split, unseen), source.name, true);
    if (source.name == kCluttered) return listing_of(make_cluttered(options.seed, split), source.name, true);
    const bool plain = options.attributes.empty();
    return listing_of(plain ? make_glyphs(options.seed, split) : make_styled_glyphs(options.seed, split),
                      source.name, true);
  }
  if (source.kind == Source::Kind::sprites)
    return listing_of(make_sprites(options.seed, split), source.name, true);
  if (source.kind == Source::Kind::stacked_digits)
    return stack_digits(list_all(find_source("mnist"), options, split), options.seed, split);
  auto set = make_glyph_pairs(source.name, options.seed, split);
  set.others.clear();
  set.paired = false;
  return listing_of(std::move(set), source.name, true);
}

Dataset load_images(const Source& source, const DataOptions& options, Split split) {
  Dataset set;
  if (const auto sides = list_sides(source, options, split)) {
    set = load_sides(*sides, options, split);
  } else {
    const Listing listing = list_source(source, options, split);
    set = collect(listing, choose(listing, options, split), options, split).set;
  }
  set.name = source.name;
  if (is_derived(options.pairs)) derive_side(set, options);
  if (options.unpaired && set.paired && split == Split::train) part_ways(set, options.seed);
  for (auto& other : set.others) other.name = source.name + ", side B";
  return set;
}

std::vector<std::int64_t> class_counts(const Dataset& set) {
  std::vector<std::int64_t> counts(set.class_names.size());
  for (const auto label : set.labels) ++counts[static_cast<std::size_t>(label)];
  return counts;
}

// Only training needs both kinds of pairs; a test split may be too small for them.
void allow_matches(Dataset& set, Split split) {
  set.matches = true;
  if (split != Split::train) return;
  if (const auto lack = lack_of_matches(set)) throw data_error(lack.what, lack.cure);
  const auto counts = class_counts(set);
  if (const auto alone = std::count(counts.begin(), counts.end(), 1); alone > 0)
    set.notes.push_back(
        fmt::format("{} of {} {} only one example: pairs of one class are then that example twice", alone,
                    counted(counts.size(), "class"), alone == 1 ? "has" : "have"));
}

// The listings that a training reads, one per domain.
std::vector<Listing> listings_of(const DataOptions& options, Split split) {
  const auto source = find_source(options.source);
  std::vector<Listing> listings;
  if (auto sides = list_sides(source, options, split)) {
    listings = {std::move(sides->a), std::move(sides->b)};
  } else if (source.kind != Source::Kind::synthetic) {
    listings.push_back(list_source(source, options, split));
  }
  if (options.target.empty()) return listings;
  for (auto& listing : listings_of(target_options(options), split)) listings.push_back(std::move(listing));
  return listings;
}

// Keeps about `most` of the wanted items, evenly spread.
void thin_out(std::vector<bool>& wanted, std::size_t most) {
  const auto count = static_cast<std::size_t>(std::count(wanted.begin(), wanted.end(), true));
  const auto every = std::max<std::size_t>(1, count / most);
  std::size_t place = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = wanted[i] && place++ % every == 0;
}

// The shape of an image after it is fitted to the settings, without pixels.
Image as_set(const Image& image, const DataOptions& options) {
  const auto wanted = wanted_size(options);
  const auto channels = static_cast<int>(options.channels);
  return {wanted ? wanted.width : image.width,
          wanted ? wanted.height : image.height,
          channels > 0 ? channels : image.channels,
          {}};
}

// The shapes of the images that a split takes: about `most` of each domain, evenly spread.
ImageShapes shapes_of(const DataOptions& options, Split split, std::size_t most) {
  ImageShapes shapes;
  for (const auto& listing : listings_of(options, split)) {
    auto wanted = choose(listing, options, split);
    thin_out(wanted, most);
    shapes.next_domain();
    listing.read(wanted, {[&](std::size_t, const Image& image) { shapes.add(image); }, [](auto, auto) {}});
  }
  return shapes;
}

// Chooses the size and channels that are not set. Returns whether it chose any.
bool settle(DataOptions& options, const ImageShapes& shapes, const ImageSides& needs) {
  const auto before = std::pair(options.size, options.channels);
  if (!wanted_size(options)) options.size = shapes.size_for(needs);
  if (options.channels == 0) options.channels = shapes.channels();
  const bool chosen = before != std::pair(options.size, options.channels);
  options.chosen = options.chosen || chosen;
  return chosen;
}

// Adds to a training set what is wrong with its test split, of which some images are looked at.
void add_misfits(Dataset& set, const DataOptions& options) {
  constexpr std::size_t some = 50;
  const auto source = find_source(options.source);
  if (!format_of(source.kind) || options.pairs != "none") return;
  std::vector<Problem> misfits;
  try {
    const auto test = list_source(source, options, Split::test);
    if (!test.split) return;
    ImageShapes kept, tested;
    kept.add(
        Image{static_cast<int>(set.width), static_cast<int>(set.height), static_cast<int>(set.channels), {}});
    auto wanted = choose(test, options, Split::test);
    thin_out(wanted, some);
    test.read(wanted, {[&](std::size_t, const Image& image) { tested.add(as_set(image, options)); },
                       [](auto, auto) {}});
    for (const auto& misfit : {kept.misfit(tested, test.source), misfit_of_classes(set.class_names, test)}) {
      if (misfit) misfits.push_back(*misfit);
    }
  } catch (const Error& error) {
    // A test split that cannot be read is no matter of the training; measuring reports it.
    if (error.code() != ExitCode::data) throw;
  }
  for (auto& misfit : misfits) {
    set.notes.push_back(fmt::format("{}: {}; {}", misfit.file, misfit.reason, misfit.cure));
    set.problems.push_back(std::move(misfit));
  }
}

bool holds_files(const std::string& source) {
  return !source.empty() && holds_files(find_source(source));
}

// Points are drawn at random, so each split has its own seed and nothing is held out.
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
  listing.attribute_names = set.attribute_names;
  listing.count = static_cast<std::size_t>(set.count);
  listing.labels = std::move(set.labels);
  listing.styles = std::move(set.styles);
  listing.captions = std::move(set.captions);
  listing.boxes = std::move(set.boxes);
  listing.groups = std::move(set.groups);
  listing.pixel_size = set.pixel_size;
  listing.attributes = std::move(set.attributes);
  const auto shared = std::make_shared<const Dataset>(std::move(set));
  listing.read = [shared](const std::vector<bool>& wanted, const Visitor& visitor) {
    const auto bytes = static_cast<std::size_t>(shared->channels * shared->height * shared->width);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!wanted[i]) continue;
      visitor.image(i, shared->image(static_cast<std::int64_t>(i)));
      shared->pixels.used(bytes);
    }
  };
  return listing;
}

Listing list_source(const Source& source, const DataOptions& options, Split split) {
  auto listing = list_all(source, options, split);
  keep_attributes(listing, options);
  return listing;
}

Dataset load_dataset(const DataOptions& options, Split split) {
  if (options.channels == 2) {
    throw usage_error("data.channels=2 is not allowed",
                      "set data.channels to 1 (gray), 3 (colour) or 0 (as the images are)");
  }
  const Source source = find_source(options.source);
  if (options.unpaired && options.pairs == "none" && source.kind != Source::Kind::glyph_pairs) {
    throw usage_error(fmt::format("data.unpaired=true needs pairs, but '{}' holds none", options.source),
                      "set data.pairs, or leave data.unpaired at false");
  }
  if (source.kind == Source::Kind::synthetic) attribute_places(options.attributes, {}, source.name);
  Dataset set = source.kind == Source::Kind::synthetic ? load_points(source, options, split)
                                                       : load_images(source, options, split);
  if (options.pairs != "none" && !set.is_images() && options.pairs != "random")
    throw needs_images(options.pairs);
  if (options.pairs == "random") allow_matches(set, split);
  if (options.target.empty()) return set;
  if (!set.others.empty() || set.matches) {
    throw usage_error(fmt::format("data.target names a second domain, but '{}' already has one", source.name),
                      "leave data.target empty, or data.pairs at none");
  }
  set.others.push_back(load_dataset(target_options(options), split));
  auto& target = set.others.back();
  if (target.is_images() != set.is_images())
    throw usage_error(
        fmt::format("'{}' holds {}, but '{}' holds {}", source.name, set.is_images() ? "images" : "points",
                    target.name, target.is_images() ? "images" : "points"),
        "choose two domains of one kind");
  set.notes.insert(set.notes.end(), target.notes.begin(), target.notes.end());
  return set;
}

namespace {

// Loads a set once its size and channels are known.
Dataset load_settled(DataOptions& options, Split split, const ImageSides& needs) {
  constexpr std::size_t some = 500, all = std::numeric_limits<std::size_t>::max();
  // Sides of pairs that the user gives in two sizes keep them.
  const bool own_sizes = needs.enlarges && !is_derived(options.pairs);
  // Looking at some images first costs little; all of them at full size may not fit into memory.
  if (!own_sizes && !wanted_size(options) && (holds_files(options.source) || holds_files(options.target)))
    settle(options, shapes_of(options, split, some), needs);
  try {
    auto set = load_dataset(options, split);
    if (needs.enlarges) return set;  // A and B have one size each
    ImageShapes shapes;
    shapes.add(set);
    if (!settle(options, shapes, needs)) return set;
  } catch (const ImagesDiffer&) {
    if (!wanted_size(options)) {
      if (!settle(options, shapes_of(options, split, all), needs)) throw;
    } else {
      if (options.channels > 0) throw;
      options.channels = 3;  // at one size they can only differ in colour
      options.chosen = true;
    }
  }
  return load_dataset(options, split);
}

}  // namespace

Dataset load_dataset(DataOptions& options, Split split, const ImageSides& needs) {
  auto set = load_settled(options, split, needs);
  if (split == Split::train) add_misfits(set, options);
  return set;
}

Lack lack_of_matches(const Dataset& set) {
  const auto counts = class_counts(set);
  const auto present = std::count_if(counts.begin(), counts.end(), [](auto n) { return n > 0; });
  const auto needs = "data.pairs=random draws pairs of one class and of two classes";
  if (present == 0 && set.only_class.empty())
    return {fmt::format("'{}' has no classes, but {}", set.name, needs), "choose data with labels"};
  if (present < 2)
    return {fmt::format("all examples of '{}' are of one class, but {}", set.name, needs),
            "put the images of each class into a folder of its own, with at least two classes"};
  if (std::all_of(counts.begin(), counts.end(), [](auto n) { return n < 2; }))
    return {fmt::format("no class of '{}' has two examples, but {}", set.name, needs),
            "add examples, so that a class has at least two"};
  return {};
}

}  // namespace belamy
