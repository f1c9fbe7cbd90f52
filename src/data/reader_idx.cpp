// The IDX files of MNIST and its kin.
#include <algorithm>
#include <fmt/format.h>

#include "core/text.h"
#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

struct Idx {
  std::vector<std::uint64_t> dims;
  Pixels bytes = Pixels(Pixels::reading_limit);  // without the header
};

// Reads the whole file and checks its length against its header. Memory follows the real length.
Idx read_idx(const fs::path& path) {
  GzFile file(path);
  std::string header;
  file.read(header, 4);
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint64_t>(static_cast<std::uint8_t>(header[i]));
  };
  if (header.size() < 4 || byte(0) != 0 || byte(1) != 0 || byte(3) < 1 || byte(3) > 4) {
    throw data_error(path.string() + ": not an IDX file (the first bytes should be 0, 0, type, dimensions)",
                     "give the file as it was downloaded, .gz or unpacked");
  }
  if (byte(2) != 8) {
    throw data_error(
        fmt::format("{}: IDX values of type {:#04x}; only bytes (0x08) are read", path.string(), byte(2)),
        "save images and labels as .npz with numpy.savez, or convert the values to bytes");
  }
  Idx idx;
  const std::size_t dimensions = byte(3);
  file.read(header, 4 * dimensions);
  if (header.size() < 4 + 4 * dimensions) {
    throw data_error(fmt::format("{}: the file ends inside its header, after {}", path.string(),
                                 counted(header.size(), "byte")),
                     "get the file again");
  }
  std::uint64_t expected = 1;
  std::string shape;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::size_t at = 4 + 4 * d;
    idx.dims.push_back(byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3));
    // No file is as large as the cap, so a capped product still fails the length check below.
    if (__builtin_mul_overflow(expected, idx.dims.back(), &expected)) expected = std::uint64_t{1} << 62;
    shape += fmt::format("{}{}", d ? " x " : "", idx.dims.back());
  }
  constexpr std::uint64_t usual_ratio = 16;  // of packed files, at most; others have 1
  std::error_code code;
  if (const auto size = fs::file_size(path, code); !code)
    idx.bytes.reserve(std::min(expected, usual_ratio * size));
  file.read(idx.bytes, expected);
  std::string more;
  file.read(more, 1);
  if (idx.bytes.size() != expected || !more.empty()) {
    throw data_error(
        fmt::format("{}: the header says {} = {}, the file holds {}", path.string(), shape,
                    counted(expected, "byte"), more.empty() ? std::to_string(idx.bytes.size()) : "more"),
        "get the file again; it is damaged or its header is wrong");
  }
  return idx;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// "train-images-idx3-ubyte.gz" -> "train-"; false for files that hold no images.
bool image_prefix(const fs::path& path, std::string& prefix) {
  const std::string name = path.filename().string();
  const auto at = name.find("images");
  if (at == std::string::npos || !contains(name, "idx")) return false;
  prefix = name.substr(0, at);
  return true;
}

enum class IdxPart { train, test, valid, whole };

IdxPart part_of(const std::string& prefix) {
  if (contains(prefix, "train")) return IdxPart::train;
  if (contains(prefix, "t10k") || contains(prefix, "test")) return IdxPart::test;
  if (contains(prefix, "val")) return IdxPart::valid;
  return IdxPart::whole;
}

struct Files {
  fs::path images;
  fs::path labels;  // empty: none
  bool split = false, validation = false;
};

// The name of the set without that of the part: the same for all files of a set.
std::string set_of(std::string prefix) {
  for (const char* part : {"train", "t10k", "test", "valid", "val"}) {
    if (const auto at = prefix.find(part); at != std::string::npos)
      return prefix.erase(at, std::string(part).size());
  }
  return prefix;
}

Files find_files(const fs::path& path, Split split) {
  const bool is_file = fs::is_regular_file(path);
  const fs::path folder = is_file ? path.parent_path() : path;
  const auto all = files_in(folder.empty() ? "." : folder);

  std::string given;
  if (is_file) image_prefix(path, given);
  std::map<IdxPart, std::vector<fs::path>> images;
  for (const auto& file : all) {
    std::string prefix;
    if (!image_prefix(file, prefix) || (is_file && set_of(prefix) != set_of(given))) continue;
    auto& found = images[part_of(prefix)];
    // A file that is there both packed and unpacked counts once.
    if (found.empty() || found.back().stem() != file.stem()) {
      const bool same = !found.empty() && file.string() == found.back().string() + ".gz";
      if (!same) found.push_back(file);
    }
  }

  Files files;
  files.split = !images[IdxPart::train].empty() && !images[IdxPart::test].empty();
  if (files.split) {
    files.validation = !images[IdxPart::valid].empty();
    const IdxPart part = split == Split::test                             ? IdxPart::test
                         : split == Split::validation && files.validation ? IdxPart::valid
                                                                          : IdxPart::train;
    const auto& candidates = images[part];
    if (candidates.size() > 1) {
      throw data_error(fmt::format("{}: several IDX sets: {}", path.string(), describe(candidates)),
                       "give the file with the training images instead of the folder");
    }
    files.images = candidates[0];
  } else if (is_file) {
    files.images = path;
  } else {
    for (const IdxPart part : {IdxPart::train, IdxPart::whole, IdxPart::test, IdxPart::valid}) {
      if (files.images.empty() && !images[part].empty()) files.images = images[part][0];
    }
  }
  if (files.images.empty()) {
    throw data_error(
        fmt::format("{}: no IDX images, only {}", path.string(), describe(all)),
        "use names as MNIST does: train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-...");
  }
  std::string prefix;
  if (image_prefix(files.images, prefix)) {
    for (const auto& file : all) {
      if (files.labels.empty() && file.filename().string().starts_with(prefix + "labels"))
        files.labels = file;
    }
  }
  return files;
}

Listing list_idx(const fs::path& path, Split split, const DataOptions&) {
  const Files files = find_files(path, split);
  Idx images = read_idx(files.images);
  if (images.dims.size() != 3) {
    throw data_error(fmt::format("{}: {} where images have 3 (count, rows, columns)", files.images.string(),
                                 counted(images.dims.size(), "dimension")),
                     "give a file of images; files with labels have one dimension");
  }
  constexpr std::uint64_t largest = std::uint64_t{1} << 28;
  if (images.bytes.empty() || images.dims[1] * images.dims[2] > largest) {
    throw data_error(fmt::format("{}: {} of {} x {} pixels", files.images.string(),
                                 counted(images.dims[0], "image"), images.dims[2], images.dims[1]),
                     "get the file again, or write it again with all its images");
  }
  Dataset set;
  set.count = static_cast<std::int64_t>(images.dims[0]);
  set.channels = 1;
  set.height = static_cast<std::int64_t>(images.dims[1]);
  set.width = static_cast<std::int64_t>(images.dims[2]);
  set.pixels = std::move(images.bytes);
  // Binarized MNIST has bytes 0 and 1.
  std::uint8_t brightest = 0;
  set.pixels.in_parts(0, [&](const std::uint8_t* begin, const std::uint8_t* end) {
    brightest = std::max(brightest, brightest_of(begin, end));
  });
  const bool binary = brightest == 1;
  if (binary) {
    for (auto& pixel : set.pixels) pixel = static_cast<std::uint8_t>(pixel * 255);
  }
  if (!files.labels.empty()) {
    const Idx labels = read_idx(files.labels);
    if (labels.dims.size() != 1 || labels.dims[0] != images.dims[0]) {
      throw data_error(
          fmt::format("{}: {} for the {} of {}", files.labels.string(), counted(labels.bytes.size(), "label"),
                      counted(images.dims[0], "image"), files.images.filename().string()),
          "get both files again; they do not belong together");
    }
    int classes = 0;
    for (const int label : labels.bytes) {
      set.labels.push_back(label);
      classes = std::max(classes, label + 1);
    }
    set.class_names = numbered_classes(classes);
  }
  auto listing = listing_of(std::move(set), files.images.string(), files.split);
  listing.validation = files.validation;
  if (binary) listing.notes.push_back(taken_as_black_and_white);
  return listing;
}

}  // namespace

DataFormat formats::idx() {
  return {.description = "IDX files",
          .recognises = [](const SeenFile& file) { return file.name.find("-ubyte") != std::string::npos; },
          .recognises_folder_by =
              [](const std::string& name) { return name.find("idx3-ubyte") != std::string::npos; },
          .list = list_idx};
}

}  // namespace belamy
