// What `belamy data doctor` finds out about a data set.
#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/progress.h"
#include "core/text.h"
#include "data/attributes.h"
#include "data/captions.h"
#include "data/readers.h"
#include "data/sides.h"

namespace belamy {
namespace {

constexpr std::int64_t few_images = 5;
constexpr std::size_t most_pictures = 24;  // of one kind of finding
constexpr int shown_side = 96;             // pixels

std::string shape_of(const Image& image) {
  return fmt::format("{}x{} {}", image.width, image.height, image.channels == 1 ? "gray" : "colour");
}

std::size_t hash_of(const Image& image) {
  const std::string_view bytes(reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size());
  return std::hash<std::string_view>()(bytes) ^ std::hash<std::string>()(shape_of(image)) * 3;
}

bool one_colour(const Image& image) {
  const auto n = static_cast<std::size_t>(image.channels);
  for (std::size_t i = n; i < image.pixels.size(); ++i) {
    if (image.pixels[i] != image.pixels[i - n]) return false;
  }
  return true;
}

// Examines one split after the other.
class Doctor {
 public:
  explicit Doctor(Diagnosis& diagnosis) : diagnosis_(diagnosis) {}

  void examine(const Listing& listing, const std::string& split) {
    std::map<std::string, std::int64_t> shapes;
    ImageShapes all;
    std::vector<std::int64_t> per_class(listing.class_names.size());
    std::int64_t good = 0, repeated = 0, leaked = 0;
    std::uint8_t brightest = 0;
    std::vector<std::string> read_notes;
    std::unordered_map<std::size_t, std::size_t> seen;  // place of the first image with these pixels
    const auto look = [&](std::size_t index, const Image& image) {
      const auto name = listing.name(index);
      const auto label = listing.label(index);
      ++good;
      ++shapes[shape_of(image)];
      all.add(image);
      brightest = std::max(brightest, brightest_of(image.pixels));
      doubled_ = (good == 1 || doubled_) && image.width == 2 * image.height;
      if (label >= 0) ++per_class[static_cast<std::size_t>(label)];
      const std::size_t hash = hash_of(image);
      if (const auto [first, is_new] = seen.emplace(hash, index); !is_new) {
        ++repeated;
        show("repeated", name, "repeats " + listing.name(first->second), image);
      }
      if (before_.count(hash)) {
        ++leaked;
        show("leaked", name, "is in the training set as well", image);
      }
      if (std::min(image.width, image.height) < kTinySide) {
        add({name, "tiny: " + shape_of(image), "remove it, if it is a thumbnail or an icon"});
        show("tiny", name, "tiny: " + shape_of(image), image);
      } else if (one_colour(image)) {
        add({name, "all pixels have one colour", "remove it, unless this is intended"});
        show("plain", name, "all pixels have one colour", image);
      }
    };
    for (const auto& problem : listing.problems) {
      if (add(problem)) diagnosis_.files += problem.files;
    }
    listing.read(std::vector<bool>(listing.count, true),
                 {look, [&](std::size_t, const Problem& problem) { add(problem); },
                  [&](const std::string& text) { read_notes.push_back(text); }});
    diagnosis_.files += static_cast<std::int64_t>(listing.count);
    diagnosis_.good += good;

    fact("{}: {}", split, counted(good, "image"));
    describe_shapes(shapes, all, split);
    for (const auto& note : listing.notes) fact("{}: {}", split, note);
    for (const auto& note : read_notes) fact("{}: {}", split, note);
    for (const auto& warning : listing.warnings) add(warning);
    count_groups(listing, split);
    if (const auto dark = dark_images(listing.source, brightest); dark && good > 0) add(*dark);
    if (!per_class.empty()) describe_classes(listing, per_class, split);
    if (!listing.only_class.empty())
      fact("{}: all images are of one class, '{}': put each class into a folder of its own", split,
           listing.only_class);
    describe_contents(listing, split);
    if (repeated > 0)
      fact("{}: {} {} another one", split, counted(repeated, "image"), repeated == 1 ? "repeats" : "repeat");
    if (leaked > 0)
      fact("{}: {} {} in the training set as well", split, counted(leaked, "image"),
           leaked == 1 ? "is" : "are");
    if (split == "train") {
      before_ = std::move(seen);
      train_ = {listing.class_names, all};
    } else if (train_) {
      for (const auto& misfit :
           {train_->second.misfit(all, listing.source), misfit_of_classes(train_->first, listing)}) {
        if (misfit) add(*misfit);
      }
    }
  }

  void explain(const Listing& listing) {
    std::vector<Problem> problems;
    explain_domains(listing, diagnosis_.facts, problems);
    for (const auto& problem : problems) add(problem);
  }

  /// Whether the problem is new: two splits may share one.
  bool add(const Problem& problem) {
    const auto same = [&](const Problem& p) { return p.file == problem.file && p.reason == problem.reason; };
    auto& known = reported_[problem.file];
    if (std::any_of(known.begin(), known.end(), same)) return false;
    known.push_back(problem);
    diagnosis_.problems.push_back(problem);
    return true;
  }

  // Keeps a small copy of an image, unless there are many of its kind.
  void show(const char* kind, const std::string& file, const std::string& reason, const Image& image) {
    if (++shown_[kind] > most_pictures) return;
    const double scale = std::min(1.0, static_cast<double>(shown_side) / std::max(image.width, image.height));
    const auto side = [&](int length) { return std::max(1, static_cast<int>(length * scale)); };
    diagnosis_.pictures.push_back(
        {file, reason, scale < 1 ? resize(image, side(image.width), side(image.height)) : image});
  }

  template <class... Arguments>
  void fact(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    diagnosis_.facts.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
  }

 private:
  void describe_shapes(const std::map<std::string, std::int64_t>& shapes, const ImageShapes& all,
                       const std::string& split) {
    if (doubled_ && !shapes.empty())
      fact("{}: all images are twice as wide as high: if they are pairs, use data.pairs=side-by-side", split);
    std::vector<std::pair<std::int64_t, std::string>> order;
    for (const auto& [shape, count] : shapes) order.emplace_back(-count, shape);
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size() && i < 5; ++i) {
      fact("{}: {} of {}", split, format_count(-order[i].first), order[i].second);
    }
    if (order.size() > 5) fact("{}: {}", split, counted(order.size() - 5, "more size"));
    const auto size = all.size_for({}), channels = all.channels();
    if (size > 0)
      fact("{}: the images differ in size: training makes them {}x{}, unless data.size is set", split, size,
           size);
    if (channels > 0)
      fact("{}: some are gray: training makes all of them colour, unless data.channels is set", split);
  }

  // Patients, without their names; one in two splits makes results look better than they are.
  void count_groups(const Listing& listing, const std::string& split) {
    if (listing.groups.empty()) return;
    const std::set<std::string> groups(listing.groups.begin(), listing.groups.end());
    fact("{}: {}, none of which a split divides", split, counted(groups.size(), "patient"));
    std::vector<std::string> both;
    std::set_intersection(groups.begin(), groups.end(), patients_.begin(), patients_.end(),
                          std::back_inserter(both));
    if (split == "train") patients_ = groups;
    if (both.empty()) return;
    add({listing.source,
         fmt::format("{} of {} {} in the training set as well", both.size(),
                     counted(groups.size(), "patient"), both.size() == 1 ? "is" : "are"),
         "put all images of a patient into one split"});
  }

  void describe_classes(const Listing& listing, const std::vector<std::int64_t>& counts,
                        const std::string& split) {
    const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
    const auto name = [&](auto at) {
      return listing.class_names[static_cast<std::size_t>(at - counts.begin())];
    };
    fact("{}: {} of {} ({}) to {} ({}) images", split, counted(counts.size(), "class"), format_count(*low),
         name(low), format_count(*high), name(high));
    if (split != "train" && split != "all")
      return;  // other splits need not show each class, and may be small
    if (const auto empty = empty_classes(listing.source, listing.class_names, counts)) add(*empty);
    if (*high == 1)
      fact("{}: no class has two images: data.pairs=random cannot draw pairs of one class", split);
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c] == 0 || counts[c] >= few_images) continue;
      add({fmt::format("{}, class {}", listing.source, listing.class_names[c]),
           "has only " + counted(counts[c], "image"), "add images to the class, or remove it"});
    }
  }

  // Attributes and captions.
  void describe_contents(const Listing& listing, const std::string& split) {
    const auto& names = listing.attribute_names;
    const auto shares = shares_of(names, listing.attributes);
    std::string text;
    for (std::size_t a = 0; a < shares.size(); ++a)
      text += fmt::format("{}{} {}", a == 0 ? "" : "; ", names[a], shares[a]);
    if (!text.empty()) fact("{}: {}: {}", split, counted(names.size(), "attribute"), text);
    if (!listing.captions.empty()) fact("{}: {}", split, describe_captions(listing.captions));
  }

  Diagnosis& diagnosis_;
  bool doubled_ = false;                                 // all images of the split are twice as wide as high
  std::unordered_map<std::size_t, std::size_t> before_;  // hashes of the training images
  std::set<std::string> patients_;                       // groups of the training images
  std::map<std::string, std::size_t> shown_;             // number of findings of a kind
  std::optional<std::pair<std::vector<std::string>, ImageShapes>> train_;  // classes and shapes for training
  std::map<std::string, std::vector<Problem>> reported_;                   // by file
};

}  // namespace

Diagnosis diagnose(const std::string& source) {
  const Source found = find_source(source);
  Diagnosis diagnosis;
  Doctor doctor(diagnosis);
  if (found.kind == Source::Kind::synthetic) {
    doctor.fact("{}: points drawn from a seed, nothing to check", found.name);
    return diagnosis;
  }
  const std::map<Split, std::string> names = {
      {Split::train, "train"}, {Split::validation, "validation"}, {Split::test, "test"}};
  bool validation = false;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    if (split == Split::validation && !validation) continue;
    try {
      const Listing listing = list_source(found, DataOptions(), split);
      doctor.examine(listing, listing.split ? names.at(split) : "all");
      if (split == Split::train) doctor.explain(listing);
      validation = listing.validation;
      if (!listing.split) {
        const bool undivided = std::set(listing.groups.begin(), listing.groups.end()).size() == 1;
        doctor.fact("no test images of its own{}", undivided ? ", and data.holdout cannot divide one patient"
                                                             : ": data.holdout sets some aside");
        break;
      }
    } catch (const Error& error) {
      // One damaged split must not hide the problems of the other.
      if (error.code() != ExitCode::data) throw;
      doctor.add(problem_of(error, found.path.string()));
    }
  }
  return diagnosis;
}

}  // namespace belamy
