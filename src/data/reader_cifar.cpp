// The binary files of CIFAR-10.
#include <algorithm>
#include <fmt/format.h>

#include "core/text.h"
#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t pixels = 3 * 32 * 32;
constexpr std::size_t record = 1 + pixels;  // the label first
constexpr std::uint64_t largest_batch_file = std::uint64_t{1} << 30;
constexpr const char* batches_folder = "cifar-10-batches-bin";

// The folder with the batches: the given one, or the folder of the original archive in it.
fs::path batch_folder(const fs::path& path) {
  const fs::path inner = path / batches_folder;
  return fs::is_directory(inner) ? inner : path;
}

std::vector<std::string> class_names(const fs::path& folder) {
  const fs::path path = folder / "batches.meta.txt";
  std::vector<std::string> names;
  if (fs::is_regular_file(path)) {
    std::string text;
    GzFile(path).read(text, 1 << 16);
    std::size_t at = 0;
    while (at < text.size() && names.size() < 10) {
      const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
      if (end > at) names.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }
  if (names.size() == 10) return names;
  return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

Listing list_cifar(const fs::path& path, Split split, const DataOptions&) {
  const bool is_file = fs::is_regular_file(path);
  const fs::path folder = is_file ? path.parent_path() : batch_folder(path);
  std::vector<fs::path> train, test;
  const auto all = is_file ? std::vector<fs::path>{path} : files_in(folder);
  for (const auto& file : all) {
    const std::string name = file.filename().string();
    if (!name.ends_with(".bin")) continue;
    if (name.starts_with("data_batch") || is_file) train.push_back(file);
    if (name.starts_with("test_batch") && !is_file) test.push_back(file);
  }
  const bool has_split = !train.empty() && !test.empty();
  if (train.empty()) train = test;
  if (train.empty()) {
    throw data_error(fmt::format("{}: no CIFAR-10 batches, only {}", path.string(), describe(all)),
                     "put data_batch_1.bin to data_batch_5.bin and test_batch.bin there");
  }

  Dataset set;
  set.channels = 3;
  set.height = set.width = 32;
  for (const auto& file : has_split&& split == Split::test ? test : train) {
    std::string bytes;
    GzFile(file).read(bytes, largest_batch_file);
    if (bytes.empty() || bytes.size() % record != 0) {
      throw data_error(fmt::format("{}: {} is not a whole number of {}-byte images", file.string(),
                                   counted(bytes.size(), "byte"), record),
                       "get the file again; it is cut short or not the binary version of CIFAR-10");
    }
    for (std::size_t at = 0; at < bytes.size(); at += record) {
      const auto label = static_cast<std::uint8_t>(bytes[at]);
      if (label > 9) {
        throw data_error(
            fmt::format("{}: image {} has label {}, allowed 0 .. 9", file.string(), at / record, label),
            "get the file again; it is damaged or not the binary version of CIFAR-10");
      }
      set.labels.push_back(label);
      const auto* image = reinterpret_cast<const std::uint8_t*>(bytes.data()) + at;
      set.pixels.append(image + 1, record - 1);
      ++set.count;
    }
  }
  set.class_names = class_names(folder);
  return listing_of(std::move(set), path.string(), has_split);
}

}  // namespace

DataFormat formats::cifar() {
  return {.description = "CIFAR-10 batches",
          .recognises = [](const SeenFile& file) { return file.name.ends_with(".bin"); },
          .recognises_folder_by =
              [](const std::string& name) {
                return name == batches_folder || name == "test_batch.bin" || name == "data_batch_1.bin";
              },
          .list = list_cifar};
}

}  // namespace belamy
