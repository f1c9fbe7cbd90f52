#include "data/slices.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <set>

#include "core/text.h"
#include "data/layout.h"
#include "data/walk.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSample = std::size_t{1} << 20;

std::string first_folder(const std::string& path) {
  return path.substr(0, path.find('/'));
}

// The folder of the class or the patient of each file; empty for files that lie beside such folders.
std::vector<std::string> class_folders(const Layout& layout) {
  std::vector<std::string> folders;
  for (const auto& entry : layout.entries) folders.push_back(first_folder(entry.group));
  return folders;
}

// Whether there are several folders, and each holds one patient.
bool are_patients(const std::vector<std::string>& folders, const std::vector<std::string>& patients) {
  std::map<std::string, std::set<std::string>> of;
  for (std::size_t i = 0; i < folders.size(); ++i) of[folders[i]].insert(patients[i]);
  return std::all_of(of.begin(), of.end(), [](const auto& folder) { return folder.second.size() == 1; });
}

void add_strays(const Layout& layout, const MedicalFiles& from, Listing& listing) {
  for (const auto& stray : layout.strays) {
    listing.problems.push_back({from.full(stray.path), "outside the folders of training and test images",
                                "move what belongs to the data set into one of these folders", stray.files});
  }
}

}  // namespace

std::uint8_t ValueWindow::byte(double value) const {
  if (!(value > low) && !sigmoid) return 0;  // not a number is black
  if (sigmoid) {
    const double width = std::max(high - low, 1e-12);
    value = std::isnan(value) ? 0 : 1 / (1 + std::exp(-4 * (value - (low + high) / 2) / width));
    return static_cast<std::uint8_t>(std::lround(255 * value));
  }
  if (value >= high) return 255;
  return static_cast<std::uint8_t>(std::lround((value - low) * 255 / (high - low)));
}

std::string ValueWindow::text() const {
  return fmt::format("{:.6g} to {:.6g}", low, high);
}

std::optional<ValueWindow> parse_window(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto number = [](std::string_view part) -> std::optional<double> {
    double value = 0;
    const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (code != std::errc() || end != part.data() + part.size() || !std::isfinite(value)) return std::nullopt;
    return value;
  };
  const auto slash = std::min(text.find('/'), text.size());
  const auto centre = number(std::string_view(text).substr(0, slash));
  const auto width =
      slash < text.size() ? number(std::string_view(text).substr(slash + 1)) : std::optional<double>();
  if (!centre || !width || *width <= 0) {
    throw usage_error(
        fmt::format("data.window=\"{}\" is not CENTRE/WIDTH", text),
        "write two numbers, the second above 0, such as data.window=40/400 for values from -160 "
        "to 240; leave it empty for the window of the file");
  }
  return ValueWindow{*centre - *width / 2, *centre + *width / 2};
}

// An odd step meets every column of a picture.
Percentiles::Percentiles(std::uint64_t values) : every_(values / kSample | 1) {}

void Percentiles::add(double value) {
  if (seen_++ % every_ == 0 && std::isfinite(value)) kept_.push_back(value);
}

ValueWindow Percentiles::window() {
  if (kept_.empty()) return {};
  const auto at = [&](double share) {
    const auto place =
        static_cast<std::ptrdiff_t>(std::lround(share * static_cast<double>(kept_.size() - 1)));
    std::nth_element(kept_.begin(), kept_.begin() + place, kept_.end());
    return kept_[static_cast<std::size_t>(place)];
  };
  ValueWindow window{at(0.005), at(0.995)};
  if (window.low < window.high) return window;
  window = {at(0), at(1)};
  if (!(window.low < window.high)) window.high = window.low + 1;
  return window;
}

Image windowed(const RawFrame& frame, const ValueWindow& window, bool inverted) {
  Image image{frame.width, frame.height, 1, {}};
  image.pixels.reserve(frame.values.size());
  for (const auto value : frame.values) {
    const auto byte = window.byte(value);
    image.pixels.push_back(inverted ? static_cast<std::uint8_t>(255 - byte) : byte);
  }
  return image;
}

void WindowNote::add(const ValueWindow& window, const std::string& from) {
  auto& range = ranges_.emplace(from, Range{window.low, window.high, window}).first->second;
  range.low = std::min(range.low, window.low);
  range.high = std::max(range.high, window.high);
  range.differ = range.differ || window.low != range.first.low || window.high != range.first.high;
}

void WindowNote::tell(const Visitor& visitor) const {
  if (!visitor.note) return;
  for (const auto& [from, range] : ranges_) {
    const auto values = ValueWindow{range.low, range.high}.text();
    visitor.note(range.differ ? fmt::format("black to white: windows that lie within {} ({})", values, from)
                              : fmt::format("black to white: {} ({})", values, from));
  }
}

void SpacingNote::add(double height, double width) {
  if (!any_) low_ = high_ = {height, width};
  any_ = true;
  low_ = std::min(low_, {height, width});
  high_ = std::max(high_, {height, width});
}

std::optional<std::string> SpacingNote::text() const {
  if (!any_) return std::nullopt;
  const auto extent = [](const std::array<double, 2>& size) {
    return fmt::format("{:.4g} x {:.4g}", size[0], size[1]);
  };
  auto text = "pixels of " + extent(low_);
  if (low_ != high_) text += " to " + extent(high_);
  text += " mm (height x width) in the files";
  if (low_[0] != low_[1] && low_ == high_) text += ", shown as squares";
  return text;
}

std::string text_of(const PixelSize& size) {
  SpacingNote note;
  note.add(size.height, size.width);
  return *note.text();
}

std::optional<PixelSize> SpacingNote::same() const {
  if (!any_ || low_ != high_) return std::nullopt;
  return PixelSize{low_[0], low_[1]};
}

MedicalFiles medical_files(const fs::path& path) {
  std::error_code code;
  if (fs::is_regular_file(path, code)) return {path.parent_path(), {path.filename().string()}, {}};
  auto found = walk_folder(path);
  MedicalFiles files{path, {}, std::move(found.problems)};
  std::copy_if(found.names.begin(), found.names.end(), std::back_inserter(files.names),
               [](const std::string& name) { return !is_company(name); });
  return files;
}

Slices list_slices(const fs::path& path, const MedicalFiles& from, const std::vector<SliceFile>& files,
                   const std::string& word, Split split) {
  Slices slices;
  auto& listing = slices.listing;
  listing.source = path.string();
  listing.problems = from.problems;
  if (files.empty()) {
    if (from.problems.empty()) throw data_error(path.string() + ": no files in it", "check the path");
    const auto& first = from.problems[0];
    throw data_error(fmt::format("{}: {}", first.file, first.reason), first.cure);
  }
  // The rules of folders see each file once, in the order of names.
  std::map<std::string, const SliceFile*> by_name;
  for (const auto& file : files) by_name.emplace(file.name, &file);
  std::vector<std::string> names, patients;
  for (const auto& [name, file] : by_name) names.push_back(name);
  const auto layout = lay_out(names, common_depth(names));
  add_strays(layout, from, listing);
  const auto folders = class_folders(layout);
  for (const auto& entry : layout.entries) patients.push_back(by_name.at(entry.name)->patient);
  std::set<std::string> classes(folders.begin(), folders.end());
  classes.erase("");
  if (classes.size() < 2 || are_patients(folders, patients)) classes.clear();
  listing.class_names = {classes.begin(), classes.end()};

  std::set<std::string> splits;
  for (const auto& entry : layout.entries) splits.insert(entry.split);
  listing.split = splits.count("test") || splits.count("val");
  listing.validation = splits.count("test") && splits.count("val");
  const auto wanted = split_folder(splits, split);
  std::map<std::string, std::size_t> used;  // the place of an entry by its name
  for (std::size_t i = 0; i < layout.entries.size(); ++i) {
    const auto& entry = layout.entries[i];
    if (!entry.split.empty() && entry.split != wanted) continue;
    if (!classes.empty() && folders[i].empty()) {
      listing.problems.push_back({from.full(entry.name), "beside the folders of the classes",
                                  "move it into the folder of its class, or out of the data set"});
      continue;
    }
    used[entry.name] = i;
  }
  for (std::size_t f = 0; f < files.size(); ++f) {
    const auto& file = files[f];
    const auto found = used.find(file.name);
    if (found == used.end()) continue;
    const auto& folder = folders[found->second];
    // Files of a pair have equal paths below the folders of their classes.
    auto key = file.name;
    if (!classes.empty()) key = key.substr(key.find(folder + "/") + folder.size() + 1);
    for (std::size_t s = 0; s < file.slices; ++s) {
      const bool alone = file.slices == 1;
      listing.names.push_back(from.full(file.name) + (alone ? "" : fmt::format(":{} {}", word, s + 1)));
      listing.keys.push_back(without_ending(key) + (alone ? "" : fmt::format(":{}", s + 1)));
      listing.groups.push_back(file.patient);
      if (!classes.empty()) listing.labels.push_back(std::distance(classes.begin(), classes.find(folder)));
      slices.places.push_back({f, s});
    }
  }
  listing.count = listing.names.size();
  return slices;
}

}  // namespace belamy
