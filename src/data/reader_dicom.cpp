// DICOM files: alone, in folders, or a folder for each patient or class.
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

#include "core/text.h"
#include "data/dicom.h"
#include "data/slices.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

// Headers are shorter, with few exceptions.
constexpr std::uint64_t kUsualHeader = std::uint64_t{1} << 16;
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 32;

std::string bytes_of(const fs::path& path, std::uint64_t most) {
  std::error_code code;
  const auto size = fs::file_size(path, code);
  std::ifstream file(path, std::ios::binary);
  if (code || !file) throw data_error(path.string() + ": cannot be read", "make the file readable");
  if (most == kLargestFile && size > most)
    throw data_error(path.string() + ": larger than 4 GiB", "divide it into files of fewer frames");
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, most)), '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

// What the listing needs of a header.
struct DicomFile : SliceFile {
  std::string series;
  double position = 0, instance = 0;
  std::uint64_t pixels = 0;  // of a frame
};

struct FoundFiles {
  MedicalFiles from;
  std::vector<DicomFile> files;
  std::map<std::string, std::size_t> identifying;  // fields, with the number of files
  std::size_t annotated = 0;
  SpacingNote spacing;
};

// Numbers of frames that a file cannot hold must not become items of the listing.
void check_frames(const DicomHeader& header, std::uint64_t size, const std::string& name) {
  const auto frames = header.frames();
  const auto value = [&](std::uint32_t tag, int usual) {
    return static_cast<std::uint64_t>(header.number(tag).value_or(usual));
  };
  const auto bits = value(0x00280010, 0) * value(0x00280011, 0) * value(0x00280002, 1) *
                    (header.text(0x00280004) == "YBR_FULL_422" ? 1 : value(0x00280100, 8));
  const bool deflated = header.syntax == "1.2.840.10008.1.2.1.99";
  const double room = static_cast<double>(size) * (deflated ? 1032 : 1),
               needed = static_cast<double>(frames) * (header.compressed ? 8 : static_cast<double>(bits) / 8);
  if (frames > 1 && (frames > kMostSlices || needed > room))
    throw data_error(fmt::format("{}: {} frames do not fit into a file of this size", name, frames),
                     "get the file again");
}

void add_file(const fs::path& path, const std::string& name, FoundFiles& found) {
  const auto full = path.string();
  std::error_code code;
  const auto size = fs::file_size(path, code);
  auto bytes = bytes_of(path, kUsualHeader);
  bool more = false;
  auto header = std::make_unique<DicomHeader>(bytes, full, &more);
  if (more) {
    bytes = bytes_of(path, kLargestFile);
    header = std::make_unique<DicomHeader>(bytes, full);
  }
  if (header->is_directory()) return;
  if (!header->has_pixels()) {
    const auto kind = header->text(0x00080060);
    throw data_error(full + ": holds no image" + (kind.empty() ? "" : fmt::format(" ({})", kind)),
                     "move it out of the data set");
  }
  check_frames(*header, size, full);
  const auto patient = header->patient();
  DicomFile file;
  file.name = name;
  file.patient = patient.empty() ? "folder " + fs::path(name).parent_path().string() : "patient " + patient;
  file.slices = header->frames();
  // Without a series a file is one by itself.
  file.series = header->series().empty() ? name : file.patient + "/" + header->series();
  file.position = header->position();
  const auto instance = header->numbers(0x00200013);
  file.instance = instance.empty() ? 0 : instance[0];
  file.pixels = static_cast<std::uint64_t>(header->number(0x00280010).value_or(0)) *
                static_cast<std::uint64_t>(header->number(0x00280011).value_or(0));
  for (const auto& field : header->identifying()) ++found.identifying[field];
  if (header->annotated()) ++found.annotated;
  if (const auto size_of_pixel = header->spacing())
    found.spacing.add((*size_of_pixel)[0], (*size_of_pixel)[1]);
  found.files.push_back(std::move(file));
}

// The slices of a series follow each other; series come in the order of their first files.
void sort_files(std::vector<DicomFile>& files) {
  std::map<std::string, std::string> first;
  for (const auto& file : files) {
    const auto [known, is_new] = first.emplace(file.series, file.name);
    if (!is_new) known->second = std::min(known->second, file.name);
  }
  const auto order = [&](const DicomFile& file) {
    return std::tie(first.at(file.series), file.position, file.instance, file.name);
  };
  std::sort(files.begin(), files.end(),
            [&](const DicomFile& a, const DicomFile& b) { return order(a) < order(b); });
}

FoundFiles find_dicom(const fs::path& path) {
  FoundFiles found{medical_files(path), {}, {}, 0, {}};
  for (const auto& name : found.from.names) {
    const auto full = found.from.folder / name;
    try {
      add_file(full, name, found);
    } catch (const Error& error) {
      found.from.problems.push_back(problem_of(error, full.string()));
    }
  }
  // A DICOMDIR lists the files around it.
  if (found.files.empty() && found.from.problems.empty() && fs::is_regular_file(path))
    return find_dicom(path.parent_path().empty() ? fs::path(".") : path.parent_path());
  sort_files(found.files);
  return found;
}

// The images of a listing; windows of whole series are found once.
class DicomReader {
 public:
  DicomReader(FoundFiles found, Slices slices, std::optional<ValueWindow> window)
      : from_(std::move(found.from)),
        files_(std::move(found.files)),
        places_(std::move(slices.places)),
        names_(slices.listing.names),
        window_(window) {}

  void read(const std::vector<bool>& wanted, const Visitor& visitor) {
    WindowNote windows;
    for (std::size_t i = 0; i < places_.size();) {
      const auto file = places_[i].file;
      std::vector<std::size_t> items;
      for (; i < places_.size() && places_[i].file == file; ++i) {
        if (wanted[i]) items.push_back(i);
      }
      if (!items.empty()) read_file(file, items, visitor, windows);
    }
    windows.tell(visitor);
  }

 private:
  void read_file(std::size_t file, const std::vector<std::size_t>& items, const Visitor& visitor,
                 WindowNote& windows) {
    const auto full = from_.full(files_[file].name);
    std::string bytes;
    std::unique_ptr<DicomHeader> header;
    for (const auto item : items) {
      Image image;
      try {
        if (!header) {
          bytes = bytes_of(full, kLargestFile);
          header = std::make_unique<DicomHeader>(bytes, full);
        }
        image = image_of(*header, file, places_[item].slice, names_[item], windows);
      } catch (const Error& error) {
        visitor.bad(item, problem_of(error, names_[item]));
        continue;
      }
      visitor.image(item, std::move(image));
    }
  }

  Image image_of(const DicomHeader& header, std::size_t file, std::size_t slice, const std::string& name,
                 WindowNote& windows) {
    const auto frame = decode_frame(header, slice, name);
    if (frame.channels == 3)
      return {frame.width, frame.height, 3, {frame.values.begin(), frame.values.end()}};
    auto window = window_;
    std::string from = "data.window";
    if (!window) {
      window = header.window(slice);
      from = "the window in the files";
    }
    if (!window) {
      window = window_of_series(files_[file].series);
      from = "0.5th to 99.5th percentile of each series";
    }
    windows.add(*window, from);
    return windowed(frame, *window, header.inverted());
  }

  ValueWindow window_of_series(const std::string& series) {
    if (const auto known = of_series_.find(series); known != of_series_.end()) return known->second;
    std::uint64_t count = 0;
    for (const auto& file : files_) count += file.series == series ? file.slices * file.pixels : 0;
    Percentiles values(count);
    for (const auto& file : files_) {
      if (file.series != series) continue;
      try {
        const auto full = from_.full(file.name);
        const auto bytes = bytes_of(full, kLargestFile);
        const DicomHeader header(bytes, full);
        const auto padding = header.padding();
        for (std::size_t f = 0; f < file.slices; ++f) {
          for (const auto value : decode_frame(header, f, full).values) {
            if (value != padding) values.add(value);
          }
        }
      } catch (const Error&) {
        // The damaged file is reported when it is its turn.
      }
    }
    return of_series_[series] = values.window();
  }

  MedicalFiles from_;
  std::vector<DicomFile> files_;
  std::vector<Slices::Place> places_;
  std::vector<std::string> names_;
  std::optional<ValueWindow> window_;
  std::map<std::string, ValueWindow> of_series_;
};

void add_warnings(const FoundFiles& found, Listing& listing) {
  std::vector<std::string> fields;
  for (const auto& [field, files] : found.identifying)
    fields.push_back(fmt::format("{} ({})", field, counted(files, "file")));
  if (!fields.empty()) {
    listing.warnings.push_back(
        {listing.source, fmt::format("headers may tell who the patient is: {}", fmt::join(fields, ", ")),
         "empty these fields before you pass the files on; Belamy's outputs do not hold them", 0});
  }
  if (found.annotated > 0) {
    listing.warnings.push_back(
        {listing.source,
         fmt::format("text is drawn into the pixels of {} (BurnedInAnnotation)",
                     counted(found.annotated, "file")),
         "look whether it names a patient, and remove such files: models may learn to draw it", 0});
  }
}

Listing list_dicom(const fs::path& path, Split split, const DataOptions& options) {
  const auto window = parse_window(options.window);
  auto found = find_dicom(path);
  const std::vector<SliceFile> files(found.files.begin(), found.files.end());
  auto slices = list_slices(path, found.from, files, "frame", split);
  auto listing = slices.listing;
  add_warnings(found, listing);
  if (const auto text = found.spacing.text()) listing.notes.push_back(*text);
  listing.pixel_size = found.spacing.same();
  const auto reader = std::make_shared<DicomReader>(std::move(found), std::move(slices), window);
  listing.read = [reader](const std::vector<bool>& wanted, const Visitor& visitor) {
    reader->read(wanted, visitor);
  };
  return listing;
}

}  // namespace

DataFormat formats::dicom() {
  return {.description = "DICOM files",
          .recognises = [](const SeenFile& file) { return begins_like_dicom(file.first_bytes, file.name); },
          .list = list_dicom,
          .of_files = true,
          .by_first_file = true};
}

}  // namespace belamy
