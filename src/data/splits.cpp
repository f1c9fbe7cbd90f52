#include "data/splits.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <iterator>
#include <map>

#include "core/random.h"
#include "core/text.h"
#include "data/attributes.h"

namespace belamy {
namespace {

enum Stream { of_holdout, of_limit, of_validation };

// Takes the first `count` of the wanted ones, in the order of a seeded permutation.
std::vector<bool> take(const std::vector<bool>& wanted, std::int64_t count, const DataOptions& options,
                       Stream stream) {
  std::vector<bool> taken(wanted.size(), false);
  Random random(static_cast<std::uint64_t>(options.seed), stream);
  for (const auto index : random.permutation(static_cast<std::int64_t>(wanted.size()))) {
    const auto i = static_cast<std::size_t>(index);
    if (count == 0) break;
    if (!wanted[i]) continue;
    taken[i] = true;
    --count;
  }
  return taken;
}

// The groups of the wanted items, each with its items, sorted by name: the choice does not depend on the order of
// the files.
std::map<std::string, std::vector<std::size_t>> items_by_group(const std::vector<bool>& wanted,
                                                               const Listing& listing) {
  std::map<std::string, std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) groups[listing.groups[i]].push_back(i);
  }
  return groups;
}

// Takes whole groups in a seeded order until `enough` of them or of their items are taken.
std::vector<bool> take_groups(const std::vector<bool>& wanted, const Listing& listing,
                              const DataOptions& options, Stream stream,
                              const std::function<bool(std::int64_t groups, std::int64_t items)>& enough) {
  const auto groups = items_by_group(wanted, listing);
  std::vector<bool> taken(wanted.size(), false);
  Random random(static_cast<std::uint64_t>(options.seed), stream);
  std::int64_t count = 0, items = 0;
  for (const auto index : random.permutation(static_cast<std::int64_t>(groups.size()))) {
    if (enough(count, items)) break;
    const auto& group = std::next(groups.begin(), static_cast<std::ptrdiff_t>(index))->second;
    for (const auto i : group) taken[i] = true;
    ++count;
    items += static_cast<std::int64_t>(group.size());
  }
  return taken;
}

// About a share of the items, or of the groups: at least one, but not all.
std::vector<bool> hold_out(const std::vector<bool>& wanted, const Listing& listing,
                           const DataOptions& options) {
  const bool grouped = !listing.groups.empty();
  const auto count =
      static_cast<std::int64_t>(grouped ? items_by_group(wanted, listing).size() : listing.count);
  std::int64_t held = std::lround(options.holdout * static_cast<double>(count));
  if (options.holdout > 0 && options.holdout < 1 && count > 1)
    held = std::clamp<std::int64_t>(held, 1, count - 1);
  if (!grouped) return take(wanted, held, options, of_holdout);
  return take_groups(wanted, listing, options, of_holdout,
                     [&](std::int64_t groups, std::int64_t) { return groups >= held; });
}

void keep_validation(std::vector<bool>& wanted, const Listing& listing, const DataOptions& options,
                     Split split) {
  const auto left = std::count(wanted.begin(), wanted.end(), true);
  if (options.validation == 0) {
    if (split == Split::train) return;
    throw data_error(listing.source + ": has no validation images of its own, and data.validation keeps none",
                     "set data.validation to a number of training images, such as 1000, and train with it");
  }
  if (options.validation >= left) {
    throw data_error(fmt::format("{}: data.validation={} leaves nothing of {}", listing.source,
                                 options.validation, counted(left, "training image")),
                     "choose a smaller data.validation");
  }
  const auto kept =
      listing.groups.empty()
          ? take(wanted, options.validation, options, of_validation)
          : take_groups(wanted, listing, options, of_validation,
                        [&](std::int64_t, std::int64_t items) { return items >= options.validation; });
  if (kept == wanted) {
    throw data_error(
        fmt::format("{}: data.validation={} takes every patient of the {} for training; none is divided",
                    listing.source, options.validation, counted(left, "image")),
        "choose a smaller data.validation, or add patients");
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    wanted[i] = wanted[i] && kept[i] == (split == Split::validation);
  }
}

void keep_classes(std::vector<bool>& wanted, const Listing& listing, const DataOptions& options,
                  Split split) {
  if (options.classes.empty()) return;
  std::vector<std::int64_t> counts(listing.class_names.size(), -1);  // -1: not named
  for (const auto number : class_numbers(options.classes, listing.class_names, listing.source))
    counts[static_cast<std::size_t>(number)] = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto label = listing.label(i);
    const bool named = label >= 0 && counts[static_cast<std::size_t>(label)] >= 0;
    wanted[i] = wanted[i] && named;
    if (wanted[i]) ++counts[static_cast<std::size_t>(label)];
  }
  for (std::size_t k = 0; k < counts.size() && split == Split::train; ++k) {
    if (counts[k] == 0) {
      throw data_error(
          fmt::format("{}: class '{}' has no training image", listing.source, listing.class_names[k]),
          "leave it out of data.classes");
    }
  }
  if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) {
    throw data_error(fmt::format("{}: no image of the classes {} is in this split", listing.source,
                                 fmt::join(options.classes, ", ")),
                     "choose other data.classes");
  }
}

}  // namespace

std::vector<std::int64_t> class_numbers(const std::vector<std::string>& classes,
                                        const std::vector<std::string>& names, const std::string& source) {
  std::vector<std::int64_t> found;
  for (const auto& text : classes) {
    if (names.empty()) throw data_error(source + ": has no classes", "leave data.classes empty");
    auto at = static_cast<std::size_t>(std::find(names.begin(), names.end(), text) - names.begin());
    if (at == names.size()) {
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), at);
      if (failure != std::errc() || end != text.data() + text.size()) at = names.size();
    }
    if (at >= names.size()) {
      throw data_error(
          fmt::format("{}: no class is called '{}'", source, text),
          fmt::format("{}choose from its {} by name or by number from 0: {}", suggestion(text, names),
                      counted(names.size(), "class"), first_names(names, 20)));
    }
    found.push_back(static_cast<std::int64_t>(at));
  }
  return found;
}

void keep_attributes(Listing& listing, const DataOptions& options) {
  if (options.attributes.empty()) return;
  const auto places = attribute_places(options.attributes, listing.attribute_names, listing.source);
  std::vector<float> kept;
  for (std::size_t i = 0; i < listing.count; ++i) {
    for (const auto place : places)
      kept.push_back(listing.attributes[i * listing.attribute_names.size() + place]);
  }
  listing.attributes = std::move(kept);
  listing.attribute_names = options.attributes;
}

std::vector<bool> choose(const Listing& listing, const DataOptions& options, Split split) {
  std::vector<bool> wanted(listing.count, true);
  if (!listing.split) {
    const auto kept = hold_out(wanted, listing, options);
    if (split == Split::test && std::find(kept.begin(), kept.end(), true) == kept.end()) {
      if (options.holdout > 0 && !listing.groups.empty())
        throw NoTestImages(
            ExitCode::data,
            listing.source + ": all images are of one patient or volume, which is never divided for testing",
            "add the images of other patients, or put test images into a folder 'test' beside a folder 'train'");
      throw NoTestImages(ExitCode::data,
                         listing.source + ": has no test images of its own, and data.holdout keeps none",
                         "set data.holdout to the share of images to test with, such as 0.1");
    }
    for (std::size_t i = 0; i < wanted.size(); ++i) wanted[i] = kept[i] == (split == Split::test);
  }
  if (split != Split::test && !listing.validation) keep_validation(wanted, listing, options, split);
  keep_classes(wanted, listing, options, split);
  if (split == Split::train && options.limit > 0) wanted = take(wanted, options.limit, options, of_limit);
  return wanted;
}

}  // namespace belamy
