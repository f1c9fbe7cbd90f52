// NumPy archives of images, points and labels.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

#include "core/text.h"
#include "data/attributes.h"
#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAttributeNames = "attribute_names";

// One array of a .npz, checked against its header.
struct Npy {
  std::string title;  // "set.npz:images.npy"
  char kind = 'u';    // u, i, f, b; U: text in characters of four bytes
  std::size_t width = 1;
  std::vector<std::uint64_t> shape;
  Pixels bytes;
  std::size_t data = 0;  // where the values begin

  std::uint64_t count() const { return (bytes.size() - data) / width; }
  bool is_bytes() const { return kind == 'u' && width == 1; }

  double at(std::uint64_t index) const {
    const auto* from = bytes.data() + data + index * width;
    const auto load = [&](auto value) {
      std::memcpy(&value, from, sizeof(value));
      return static_cast<double>(value);
    };
    if (kind == 'f') return width == 4 ? load(float{}) : load(double{});
    const bool is_signed = kind == 'i';
    switch (width) {
      case 1: return is_signed ? load(std::int8_t{}) : load(std::uint8_t{});
      case 2: return is_signed ? load(std::int16_t{}) : load(std::uint16_t{});
      case 4: return is_signed ? load(std::int32_t{}) : load(std::uint32_t{});
      default: return is_signed ? load(std::int64_t{}) : load(std::uint64_t{});
    }
  }
};

Error wrong(const Npy& array, const std::string& what) {
  return data_error(array.title + ": " + what,
                    "write it again with numpy.savez, images as uint8 [N, H, W] or [N, H, W, C]");
}

// The text after 'key': in the header's dictionary, "'|u1'" or "(60000, 28, 28)".
std::string field(const std::string& header, const std::string& key, const Npy& array) {
  const auto at = header.find("'" + key + "':");
  if (at == std::string::npos) throw wrong(array, "the header has no '" + key + "'");
  const auto start = header.find_first_not_of(' ', at + key.size() + 3);
  if (start == std::string::npos) throw wrong(array, "the header ends after '" + key + "'");
  const auto end = header[start] == '(' ? header.find(')', start) : header.find_first_of(",}", start);
  if (end == std::string::npos) throw wrong(array, "the header ends inside '" + key + "'");
  return header.substr(start, end - start);
}

// Converts Fortran order, in which the first index runs fastest, to C order, in which the last one does.
void to_c_order(Npy& array) {
  const std::size_t dimensions = array.shape.size();
  std::vector<std::uint64_t> step(dimensions, 1), index(dimensions, 0);
  for (std::size_t d = 1; d < dimensions; ++d) step[d] = step[d - 1] * array.shape[d - 1];
  Pixels ordered = array.bytes.like();
  ordered.reserve(array.bytes.size());
  ordered.append(array.bytes.data(), array.data);
  std::uint64_t from = 0;
  while (ordered.size() < array.bytes.size()) {
    ordered.append(array.bytes.data() + array.data + from * array.width, array.width);
    array.bytes.used(array.width);
    for (std::size_t d = dimensions; d-- > 0;) {
      from += step[d];
      if (++index[d] < array.shape[d]) break;
      from -= step[d] * array.shape[d];
      index[d] = 0;
    }
  }
  array.bytes = std::move(ordered);
}

// The number of characters of a text type such as '<U7', given with its quotes.
std::optional<std::size_t> letters_in(const std::string& type) {
  std::size_t letters = 0;
  if (type.size() < 5 || !type.substr(1).starts_with("<U")) return {};
  const auto* end = type.data() + type.size() - 1;
  const auto read = std::from_chars(type.data() + 3, end, letters);
  const bool good = read.ec == std::errc() && read.ptr == end && letters > 0 && letters < 10000;
  return good ? std::optional(letters) : std::nullopt;
}

// `texts`: the array may hold text.
Npy parse_npy(Pixels bytes, const std::string& title, bool texts) {
  Npy array;
  array.title = title;
  array.bytes = std::move(bytes);
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(array.bytes[i]); };
  constexpr std::string_view magic = "\x93NUMPY";
  if (array.bytes.size() < 12 || std::memcmp(array.bytes.data(), magic.data(), magic.size()) != 0)
    throw wrong(array, "not a .npy array");
  const std::size_t version = byte(6), lead = version == 1 ? 10 : 12;
  if (version < 1 || version > 3)
    throw wrong(array, fmt::format(".npy version {}; known are 1 to 3", version));
  std::size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > array.bytes.size() - lead) throw wrong(array, "the array ends inside its header");
  array.data = lead + length;
  const std::string header(reinterpret_cast<const char*>(array.bytes.data()) + lead, length);

  const std::string type = field(header, "descr", array);  // '<f4' with its quotes
  const auto letters = texts ? letters_in(type) : std::nullopt;
  if (letters) {
    array.kind = 'U';
    array.width = 4 * *letters;
  } else if (type.size() != 5 || std::string("|<=").find(type[1]) == std::string::npos ||
             std::string("uifb").find(type[2]) == std::string::npos ||
             std::string("1248").find(type[3]) == std::string::npos || (type[2] == 'f' && type[3] < '4') ||
             (type[2] == 'b' && type[3] != '1')) {
    throw data_error(fmt::format("{}: values of type {} are not read", title, type),
                     "convert it with astype: images to uint8, classes to int64 (whole numbers from 0)");
  } else {
    array.kind = type[2];
    array.width = static_cast<std::size_t>(type[3] - '0');
  }
  const std::string order = field(header, "fortran_order", array);
  if (order != "False" && order != "True") throw wrong(array, "fortran_order is " + order);

  std::uint64_t expected = array.width;
  const std::string shape = field(header, "shape", array);
  for (std::size_t at = 1; at < shape.size();) {
    const auto end = std::min(shape.find(',', at), shape.size());
    std::uint64_t value = 0;
    bool digits = false;
    for (; at < end; ++at) {
      if (shape[at] == ' ') continue;
      if (shape[at] < '0' || shape[at] > '9' || value > (std::uint64_t{1} << 40)) {
        throw wrong(array, "the shape is " + shape + ")");
      }
      value = value * 10 + static_cast<std::uint64_t>(shape[at] - '0');
      digits = true;
    }
    at = end + 1;
    if (!digits) continue;  // after the comma of "(5,)"
    array.shape.push_back(value);
    if (__builtin_mul_overflow(expected, value, &expected)) throw wrong(array, "the shape is " + shape + ")");
  }
  constexpr std::size_t most_dimensions = 64;  // NumPy's own limit
  if (array.shape.size() > most_dimensions) throw wrong(array, "the shape is " + shape + ")");
  if (array.bytes.size() - array.data != expected) {
    throw wrong(array, fmt::format("the header says {}) of {}, that is {}; there are {}", shape, type,
                                   counted(expected, "byte"), array.bytes.size() - array.data));
  }
  if (order == "True") to_c_order(array);
  return array;
}

// "images", "train_images", ... -> the array.
std::map<std::string, Npy> read_arrays(const fs::path& path,
                                       const std::function<bool(const std::string&)>& wanted) {
  std::map<std::string, Npy> arrays;
  const auto key = [](const std::string& name) {
    return name.ends_with(".npy") ? name.substr(0, name.size() - 4) : name;
  };
  // A small file may hold a large array.
  read_large_members(
      path, room_for_pixels(), [&](const std::string& name) { return wanted(key(name)); },
      [&](const std::string& name, Pixels bytes, const std::string& reason) {
        const std::string title = path.string() + ":" + name;
        if (!reason.empty())
          throw data_error(
              title + ": " + reason,
              "an array must fit into memory or onto the disk; write fewer images, or get the file again");
        arrays[key(name)] = parse_npy(std::move(bytes), title, key(name) == kAttributeNames);
      });
  return arrays;
}

// The values that mean black and white.
struct Scale {
  double black = 0, white = 255;
  std::string note;  // how the values were read; empty for bytes as they are

  std::uint8_t byte(double value) const {
    return static_cast<std::uint8_t>(
        std::lround(std::clamp((value - black) * 255 / (white - black), 0.0, 255.0)));
  }
};

std::pair<double, double> extremes(const Npy& images) {
  if (images.is_bytes() && images.count() > 0) {
    std::uint8_t least = 255, most = 0;
    images.bytes.in_parts(images.data, [&](const std::uint8_t* begin, const std::uint8_t* end) {
      const auto [low, high] = std::minmax_element(begin, end);
      least = std::min(least, *low);
      most = std::max(most, *high);
    });
    return {least, most};
  }
  double low = INFINITY, high = -INFINITY;
  for (std::uint64_t i = 0; i < images.count(); ++i) {
    const double value = images.at(i);
    if (!std::isfinite(value)) throw wrong(images, fmt::format("value {} at {}", value, i));
    low = std::min(low, value);
    high = std::max(high, value);
    images.bytes.used(images.width);
  }
  return {low, high};
}

// Half a level of 255: rounding moves computed values past the ends of their range.
constexpr double slack = 0.5 / 255;

// The range that the values are in. Values a little outside of 0 .. 1, as a resize with overshoot makes them,
// do not mean -1 .. 1 or 0 .. 255: then the range is unclear, which is an error.
Scale scale_of(const Npy& images) {
  if (images.kind == 'b') return {0, 1, "values False and True taken as black and white"};
  const auto [low, high] = extremes(images);
  const auto taken = [&, low = low, high = high](double black, double white) {
    return Scale{
        black, white,
        fmt::format("values {:g} .. {:g} taken as {:g} .. {:g} (black to white)", low, high, black, white)};
  };
  if (images.kind != 'f') {
    if (low >= 0 && high == 1) return {0, 1, taken_as_black_and_white};
    if (low >= 0 && high <= 255) return {};
  } else {
    if (low >= -slack && high <= 1 + slack) return taken(0, 1);
    if (low <= -0.5 && low >= -1 - 2 * slack && high <= 1 + 2 * slack) return taken(-1, 1);
    if (low >= -0.5 && high >= 2 && high <= 255.5) return taken(0, 255);
  }
  throw data_error(
      fmt::format(
          "{}: values from {:g} to {:g} are in no known range; whole numbers are in 0 .. 255, floats in "
          "0 .. 1, in -1 .. 1 with some below -0.5, or in 0 .. 255 with some above 2",
          images.title, low, high),
      "clip or scale them into one of these ranges, and write the file again with numpy.savez");
}

// The range of the training images, whatever part of it the images of another split fill.
Scale scale_of_training(const fs::path& path, const Npy& images) {
  auto training = read_arrays(path, [](const std::string& key) { return key == "train_images"; });
  const Scale scale = scale_of(training["train_images"]);
  const auto [low, high] = extremes(images);
  const double margin = slack * (scale.white - scale.black);
  if (low >= scale.black - margin && high <= scale.white + margin) return scale;
  throw wrong(images, fmt::format("values from {:g} to {:g}, but the training images are in {:g} .. {:g}",
                                  low, high, scale.black, scale.white));
}

// [N, H, W] or [N, H, W, C].
void check_shape(const Npy& images) {
  const auto& shape = images.shape;
  if ((shape.size() != 3 && shape.size() != 4) || (shape.size() == 4 && shape[3] != 1 && shape[3] != 3)) {
    if (shape.size() == 4 && (shape[1] == 1 || shape[1] == 3) && shape[2] >= 8 && shape[3] >= 8) {
      throw data_error(fmt::format("{}: [{}] has the channels first", images.title, fmt::join(shape, ", ")),
                       "move them to the end: images.transpose(0, 2, 3, 1)");
    }
    throw wrong(images, fmt::format("{}{}; images are [N, H, W] or [N, H, W, C] with 1 or 3 channels",
                                    counted(shape.size(), "dimension"),
                                    shape.size() == 4 ? ", " + counted(shape[3], "channel") : ""));
  }
  if (images.count() == 0) throw wrong(images, "no images in it");
  if (shape.size() == 3 && shape[0] >= 8 && shape[1] >= 8 && (shape[2] == 3 || shape[2] == 4))
    throw wrong(images,
                fmt::format("[{}] is the shape of one colour image; images are [N, H, W] or [N, H, W, C]",
                            fmt::join(shape, ", ")));
  if (shape[1] * shape[2] > (std::uint64_t{1} << 28))
    throw wrong(images, fmt::format("images of {} x {} pixels", shape[2], shape[1]));
}

// To planar bytes.
void fill_images(const Npy& images, const Scale& scale, Dataset& set) {
  const auto& shape = images.shape;
  const std::uint64_t channels = shape.size() == 4 ? shape[3] : 1, plane = shape[1] * shape[2];
  set.count = static_cast<std::int64_t>(shape[0]);
  set.height = static_cast<std::int64_t>(shape[1]);
  set.width = static_cast<std::int64_t>(shape[2]);
  set.channels = static_cast<std::int64_t>(channels);
  set.pixels = Pixels(Pixels::reading_limit);
  set.pixels.resize(images.count());
  std::array<std::uint8_t, 256> bytes;
  for (std::size_t value = 0; value < bytes.size(); ++value)
    bytes[value] = scale.byte(static_cast<double>(value));
  const auto* stored = images.bytes.data() + images.data;
  std::uint64_t from = 0;
  for (std::uint64_t n = 0; n < shape[0]; ++n) {
    for (std::uint64_t p = 0; p < plane; ++p) {
      for (std::uint64_t c = 0; c < channels; ++c, ++from)
        set.pixels[(n * channels + c) * plane + p] =
            images.is_bytes() ? bytes[stored[from]] : scale.byte(images.at(from));
    }
    images.bytes.used(plane * channels * images.width);
    set.pixels.used(plane * channels);
  }
}

Error wrong_labels(const Npy& labels, const std::string& what) {
  return data_error(
      labels.title + ": " + what,
      "store the classes as whole numbers from 0, one for each image, in an array of shape [N]");
}

// [N] or [N, 1] whole numbers.
void fill_labels(const Npy& labels, Dataset& set) {
  const auto images = static_cast<std::uint64_t>(set.count);
  if (labels.count() != images)
    throw wrong_labels(
        labels, fmt::format("{} for {}", counted(labels.count(), "label"), counted(set.count, "image")));
  if (labels.shape.empty() || labels.shape[0] != images)
    throw wrong_labels(labels, fmt::format("labels of shape [{}] for {}", fmt::join(labels.shape, ", "),
                                           counted(set.count, "image")));
  std::int64_t highest = 0;
  for (std::uint64_t i = 0; i < labels.count(); ++i) {
    const double label = labels.at(i);
    if (!(label >= 0 && label < kMostClasses) || label != std::floor(label)) {
      throw wrong_labels(labels,
                         fmt::format("label {} of image {}; allowed 0 .. {}", label, i, kMostClasses - 1));
    }
    set.labels.push_back(static_cast<std::int64_t>(label));
    highest = std::max(highest, set.labels.back());
  }
  set.class_names = numbered_classes(highest + 1);
}

// The texts of an array, in UTF-8.
std::vector<std::string> texts_of(const Npy& array) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; array.kind == 'U' && i < array.count(); ++i) {
    std::string& text = texts.emplace_back();
    for (std::size_t at = 0; at < array.width; at += 4) {
      std::uint32_t c = 0;
      std::memcpy(&c, array.bytes.data() + array.data + i * array.width + at, sizeof(c));
      const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
      if (c == 0) break;
      if (c >= 0x110000) throw wrong(array, "a text that is not Unicode");
      if (c >= 0x10000) add(0xf0 | c >> 18);
      if (c >= 0x800) add(c >= 0x10000 ? 0x80 | (c >> 12 & 0x3f) : 0xe0 | c >> 12);
      if (c >= 0x80) add(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
      add(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
    }
  }
  return texts;
}

// [N, A] numbers, and their names if there are A of them.
void fill_attributes(const Npy& rows, const Npy* names, Dataset& set) {
  if (rows.kind == 'U' || rows.shape.size() != 2 || rows.shape[1] == 0 ||
      rows.shape[0] != static_cast<std::uint64_t>(set.count)) {
    throw wrong(rows,
                fmt::format("attributes are [N, A], a row for each of {}", counted(set.count, "image")));
  }
  set.attributes.reserve(rows.count());
  for (std::uint64_t i = 0; i < rows.count(); ++i) {
    set.attributes.push_back(static_cast<float>(rows.at(i)));
    if (!std::isfinite(set.attributes.back()))
      throw wrong(rows, fmt::format("value {} of image {}", set.attributes.back(), i / rows.shape[1]));
  }
  if (names) set.attribute_names = texts_of(*names);
  const auto& known = set.attribute_names;
  if (known.size() != rows.shape[1] || !std::all_of(known.begin(), known.end(), is_attribute_name))
    set.attribute_names = numbered_classes(static_cast<std::int64_t>(rows.shape[1]));
}

// The arrays that no split reads.
std::vector<std::string> unread_arrays(const std::vector<std::string>& keys,
                                       const std::vector<std::string>& prefixes) {
  std::vector<std::string> unread;
  for (const auto& key : keys) {
    const auto reads = [&](const std::string& prefix) {
      return key == prefix + "images" || key == prefix + "labels" || key == prefix + "attributes";
    };
    if (key != kAttributeNames && std::none_of(prefixes.begin(), prefixes.end(), reads))
      unread.push_back(key);
  }
  return unread;
}

Listing list_npz(const fs::path& given, Split split, const DataOptions&) {
  fs::path path = given;
  if (fs::is_directory(given)) {
    auto files = files_in(given);
    const auto all = files;
    std::erase_if(files, [](const fs::path& file) { return !has_ending(file, ".npz"); });
    if (files.size() != 1) {
      throw data_error(fmt::format("{}: {} .npz files among {}", given.string(), files.size(), describe(all)),
                       "give the path of one .npz file");
    }
    path = files[0];
  }
  // First the names, then only the arrays of the split.
  std::vector<std::string> keys;
  read_arrays(path, [&](const std::string& key) {
    keys.push_back(key);
    return false;
  });
  const auto has = [&](const std::string& key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  const std::string test = has("test_images") ? "test_" : "val_";
  const bool has_split = has("train_images") && has(test + "images");
  const bool has_validation = has_split && test == "test_" && has("val_images");
  const std::string prefix = has_split && split == Split::test              ? test
                             : has_validation && split == Split::validation ? "val_"
                             : has("train_images")                          ? "train_"
                                                                            : "";
  if (!has(prefix + "images")) {
    std::string seen;
    for (const auto& key : keys) seen += (seen.empty() ? "" : ", ") + key;
    throw data_error(
        fmt::format("{}: no images in it, only: {}", path.string(), seen.empty() ? "nothing" : seen),
        "store arrays `images` and `labels`, or `train_images`, `train_labels`, `test_images`, ...");
  }
  const auto prefixes = has_split ? std::vector<std::string>{"train_", test, has_validation ? "val_" : test}
                                  : std::vector<std::string>{prefix};
  const auto unread = unread_arrays(keys, prefixes);
  auto arrays = read_arrays(path, [&](const std::string& key) {
    return key == prefix + "images" || key == prefix + "labels" || key == prefix + "attributes" ||
           key == kAttributeNames;
  });
  const Npy& images = arrays[prefix + "images"];
  check_shape(images);
  const Scale scale =
      prefix == "test_" || prefix == "val_" ? scale_of_training(path, images) : scale_of(images);
  Dataset set;
  fill_images(images, scale, set);
  if (arrays.count(prefix + "labels")) fill_labels(arrays[prefix + "labels"], set);
  if (arrays.count(prefix + "attributes")) {
    const auto names = arrays.find(kAttributeNames);
    fill_attributes(arrays[prefix + "attributes"], names == arrays.end() ? nullptr : &names->second, set);
  }
  auto listing = listing_of(std::move(set), path.string(), has_split);
  listing.validation = has_validation;
  if (!scale.note.empty()) listing.notes.push_back(scale.note);
  if (!unread.empty()) {
    listing.notes.push_back(
        fmt::format("arrays that are not read: {}; those beside {}images are {}labels and "
                    "{}attributes",
                    fmt::join(unread, ", "), prefix, prefix, prefix));
  }
  return listing;
}

}  // namespace

DataFormat formats::npz() {
  return {.description = "a NumPy archive",
          .recognises = [](const SeenFile& file) { return !file.foreign && has_ending(file.path, ".npz"); },
          .is_whole_set = [](const fs::path& file) { return has_ending(file, ".npz"); },
          .list = list_npz};
}

}  // namespace belamy
