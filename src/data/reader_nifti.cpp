// NIfTI volumes: alone, in folders, or a folder for each patient or class.
#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

#include "core/text.h"
#include "data/formats.h"
#include "data/nifti.h"
#include "data/slices.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

bool has_nifti_name(const fs::path& file) {
  return has_ending(file, ".nii") || has_ending(file, ".nii.gz");
}

// Whether a file has the name of a header, and begins like one of NIfTI.
bool is_nifti_header(const fs::path& file) {
  if (!has_ending(file, ".hdr") && !has_ending(file, ".hdr.gz")) return false;
  std::string bytes;
  try {
    GzFile(file).read(bytes, 4);
  } catch (const Error&) {
    return false;
  }
  using namespace std::string_view_literals;
  const std::string_view starts[] = {"\x5c\1\0\0"sv, "\0\0\1\x5c"sv, "\x1c\2\0\0"sv, "\0\0\2\x1c"sv};
  return std::find(std::begin(starts), std::end(starts), bytes) != std::end(starts);
}

bool is_nifti(const SeenFile& file) {
  return has_nifti_name(file.path) || is_nifti_header(nifti_header_file(file.path));
}

// The patient of a volume: the "sub-NAME" of BIDS in its path; the folder around it if its name begins with that of the
// folder; else the volume is one by itself.
std::string patient_of(const std::string& name) {
  const auto parts = [&] {
    std::vector<std::string> found;
    for (std::size_t at = 0; at <= name.size();) {
      const auto end = std::min(name.find('/', at), name.size());
      found.push_back(name.substr(at, end - at));
      at = end + 1;
    }
    return found;
  }();
  for (const auto& part : parts) {
    if (part.starts_with("sub-")) return part.substr(0, part.find_first_of("_."));
  }
  if (parts.size() > 1) {
    const auto& folder = parts[parts.size() - 2];
    const auto& file = parts.back();
    const bool longer = file.size() > folder.size() && file.starts_with(folder) &&
                        !std::isalnum(static_cast<unsigned char>(file[folder.size()]));
    if (longer) return name.substr(0, name.rfind('/'));
  }
  return name;
}

struct NiftiFiles {
  MedicalFiles from;
  std::vector<SliceFile> files;
  std::vector<NiftiHeader> headers;
  std::map<std::string, std::size_t> texts;  // fields of free text, with the number of files
  SpacingNote spacing;
};

void add_volume(const std::string& name, int axis, NiftiFiles& found) {
  const auto full = found.from.full(name);
  auto header = read_nifti_header(full);
  const auto along = header.size[2] == 1 ? std::size_t{2} : static_cast<std::size_t>(axis);
  const auto slices = header.slices(static_cast<int>(along));
  if (slices > kMostSlices)
    throw data_error(fmt::format("{}: {} slices; at most {} are read", full, slices, kMostSlices),
                     "choose another data.axis, or get the file again");
  for (const auto& text : header.texts) ++found.texts[text];
  found.spacing.add(header.spacing[along == 2 ? 1 : 2], header.spacing[along == 0 ? 1 : 0]);
  found.files.push_back({name, patient_of(name), static_cast<std::size_t>(slices)});
  found.headers.push_back(std::move(header));
}

NiftiFiles find_volumes(const fs::path& path, int axis) {
  NiftiFiles found{medical_files(nifti_header_file(path)), {}, {}, {}, {}};
  for (const auto& name : found.from.names) {
    const auto full = found.from.folder / name;
    if (is_nifti_image(full) && nifti_header_file(full) != full) continue;  // its header comes by itself
    try {
      if (!has_nifti_name(full) && !is_nifti_header(full))
        throw data_error(full.string() + ": not a NIfTI file", "move it out of the data set");
      add_volume(name, axis, found);
    } catch (const Error& error) {
      found.from.problems.push_back(problem_of(error, full.string()));
    }
  }
  return found;
}

// The wanted slices of one volume.
void read_slices(const NiftiVolume& volume, int axis,
                 const std::vector<std::pair<std::size_t, std::size_t>>& slices,
                 std::optional<ValueWindow> window, WindowNote& windows, const Visitor& visitor) {
  const auto& header = volume.header();
  if (header.size[2] == 1) axis = 2;
  std::string from = "data.window";
  if (!window && !header.colour()) {
    const auto count = header.size[0] * header.size[1] * header.slices(2);
    Percentiles values(count);
    for (std::uint64_t i = 0; i < count; ++i) values.add(volume.value(i));
    window = values.window();
    from = "0.5th to 99.5th percentile of each volume";
  }
  for (const auto& [item, slice] : slices) {
    const auto frame = volume.slice(axis, slice);
    if (header.colour()) {
      visitor.image(item, {frame.width, frame.height, 3, {frame.values.begin(), frame.values.end()}});
    } else {
      visitor.image(item, windowed(frame, *window, false));
    }
  }
  if (window) windows.add(*window, from);
}

Listing list_nifti(const fs::path& path, Split split, const DataOptions& options) {
  const auto window = parse_window(options.window);
  const int axis = static_cast<int>(options.axis) - 1;
  auto found = find_volumes(path, axis);
  auto slices = list_slices(path, found.from, found.files, "slice", split);
  auto listing = slices.listing;
  if (const auto text = found.spacing.text()) listing.notes.push_back(*text);
  listing.pixel_size = found.spacing.same();
  std::vector<std::string> texts;
  for (const auto& [field, files] : found.texts)
    texts.push_back(fmt::format("{} ({})", field, counted(files, "file")));
  if (!texts.empty()) {
    listing.warnings.push_back(
        {listing.source,
         fmt::format("headers hold texts that may tell who the patient is: {}", fmt::join(texts, ", ")),
         "look at these fields before you pass the files on; Belamy's outputs do not hold them", 0});
  }
  listing.read = [headers = std::move(found.headers), places = std::move(slices.places),
                  names = listing.names, axis,
                  window](const std::vector<bool>& wanted, const Visitor& visitor) {
    WindowNote windows;
    for (std::size_t i = 0; i < places.size();) {
      const auto file = places[i].file;
      std::vector<std::pair<std::size_t, std::size_t>> items;
      for (; i < places.size() && places[i].file == file; ++i) {
        if (wanted[i]) items.emplace_back(i, places[i].slice);
      }
      if (items.empty()) continue;
      std::optional<NiftiVolume> volume;
      try {
        volume.emplace(headers[file]);
      } catch (const Error& error) {
        for (const auto& [item, slice] : items) visitor.bad(item, problem_of(error, names[item]));
        continue;
      }
      read_slices(*volume, axis, items, window, windows, visitor);
    }
    windows.tell(visitor);
  };
  return listing;
}

}  // namespace

DataFormat formats::nifti() {
  return {.description = "NIfTI volumes",
          .recognises = is_nifti,
          .list = list_nifti,
          .of_files = true,
          .by_first_file = true};
}

}  // namespace belamy
