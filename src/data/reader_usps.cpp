// The text files of USPS.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr int side = 16;
constexpr std::uint64_t largest_text = std::uint64_t{1} << 30;

fs::path find_part(const fs::path& folder, const std::string& part) {
  for (const char* pattern : {"zip.{}.gz", "zip.{}"}) {
    const fs::path path = folder / fmt::format(fmt::runtime(pattern), part);
    if (fs::is_regular_file(path)) return path;
  }
  return {};
}

// One line: the label, then 256 values from -1 (paper) to 1 (ink).
class Line {
 public:
  Line(std::string_view text, const std::string& where)
      : at_(text.data()), end_(at_ + text.size()), where_(where) {}

  bool empty() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) ++at_;
    return at_ == end_;
  }

  double number() {
    double value = 0;
    if (empty()) throw wrong("fewer than 257 numbers");
    const auto [next, code] = std::from_chars(at_, end_, value);
    if (code != std::errc())
      throw wrong(fmt::format("\"{}\" is not a number", std::string(at_, std::min(at_ + 12, end_))));
    at_ = next;
    return value;
  }

  Error wrong(const std::string& what) const {
    return data_error(where_ + ": " + what, "write a label and 256 values from -1 to 1 on each line");
  }

 private:
  const char* at_;
  const char* end_;
  const std::string& where_;
};

Listing list_usps(const fs::path& path, Split split, const DataOptions&) {
  const bool is_file = fs::is_regular_file(path);
  const fs::path folder = is_file ? path.parent_path() : path;
  const fs::path train = find_part(folder, "train"), test = find_part(folder, "test");
  const bool has_split = !train.empty() && !test.empty() && (!is_file || path == train);
  const fs::path file = has_split       ? (split == Split::test ? test : train)
                        : is_file       ? path
                        : train.empty() ? test
                                        : train;
  if (file.empty()) {
    throw data_error(path.string() + ": no USPS digits, only " + describe(files_in(path)),
                     "put zip.train.gz and zip.test.gz there");
  }
  std::string text;
  GzFile(file).read(text, largest_text);

  Dataset set;
  set.channels = 1;
  set.height = set.width = side;
  std::int64_t classes = 0;
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string where = fmt::format("{}, line {}", file.string(), ++number);
    Line line(std::string_view(text).substr(at, end - at), where);
    at = end + 1;
    if (line.empty()) continue;
    const double label = line.number();
    if (!(label >= 0 && label <= 9) || label != std::floor(label)) {
      throw line.wrong(fmt::format("label {}, allowed 0 .. 9", label));
    }
    for (int i = 0; i < side * side; ++i) {
      const double value = line.number();
      if (!(value >= -1 && value <= 1)) throw line.wrong(fmt::format("value {}, allowed -1 .. 1", value));
      set.pixels.push_back(static_cast<std::uint8_t>(std::lround((value + 1) * 127.5)));
    }
    if (!line.empty()) throw line.wrong("more than 257 numbers");
    set.labels.push_back(static_cast<std::int64_t>(label));
    classes = std::max(classes, set.labels.back() + 1);
    ++set.count;
  }
  set.class_names = numbered_classes(classes);
  return listing_of(std::move(set), file.string(), has_split);
}

}  // namespace

DataFormat formats::usps() {
  return {.description = "USPS text files",
          .recognises =
              [](const SeenFile& file) {
                return file.name.starts_with("zip.train") || file.name.starts_with("zip.test");
              },
          .recognises_folder_by = [](const std::string& name) { return name.starts_with("zip.train"); },
          .list = list_usps};
}

}  // namespace belamy
