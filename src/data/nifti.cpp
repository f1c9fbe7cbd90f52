#include "data/nifti.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fmt/format.h>
#include <optional>

#include "core/text.h"
#include "data/formats.h"
#include "data/readers.h"

namespace belamy {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kFirst = 348, kSecond = 540;  // bytes of the two headers

// Bytes of a value, by the number of its type.
int width_of(int type) {
  switch (type) {
    case 2:
    case 256: return 1;
    case 4:
    case 512: return 2;
    case 128: return 3;
    case 8:
    case 16:
    case 768:
    case 2304: return 4;
    case 32:
    case 64:
    case 1024:
    case 1280: return 8;
    case 1792: return 16;
    default: return 0;
  }
}

std::uint64_t integer_of(const std::uint8_t* bytes, std::size_t length, bool big) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) value = value << 8 | bytes[big ? i : length - 1 - i];
  return value;
}

// The fields of either header.
class NiftiFields {
 public:
  NiftiFields(const std::string& bytes, const std::string& name) : bytes_(bytes), name_(name) {
    const auto size = [&](bool big) { return raw(0, 4, big); };
    for (const bool big : {false, true}) {
      if (bytes.size() >= kFirst && size(big) == kFirst) version_ = 1, big_ = big;
      if (bytes.size() >= kSecond && size(big) == kSecond) version_ = 2, big_ = big;
    }
    if (version_ == 0)
      throw wrong(bytes.size() < kFirst ? "cut short within its header" : "not a NIfTI file");
    magic_ = text(at(344, 4), 4);
    if (version_ == 1 && magic_ != "n+1" && magic_ != "ni1")
      throw wrong("not NIfTI, but ANALYZE 7.5 or damaged");
    if (version_ == 2 && !magic_.starts_with("n+2") && !magic_.starts_with("ni2"))
      throw wrong("its header is damaged");
  }

  Error wrong(const std::string& what) const {
    return data_error(name_ + ": " + what, "remove it, or replace it with an intact NIfTI file");
  }
  bool big() const { return big_; }
  bool pair() const { return magic_[1] == 'i'; }
  std::uint64_t length() const { return version_ == 1 ? kFirst : kSecond; }

  // A field by its places in the first and in the second header.
  std::int64_t integer(std::size_t first, std::size_t in_first, std::size_t second,
                       std::size_t in_second) const {
    const auto width = version_ == 1 ? in_first : in_second;
    const auto value = raw(at(first, second), width, big_);
    const auto unused = 64 - 8 * width;
    return static_cast<std::int64_t>(value << unused) >> unused;
  }
  double real(std::size_t first, std::size_t second, std::size_t place = 0) const {
    if (version_ == 1)
      return std::bit_cast<float>(static_cast<std::uint32_t>(raw(first + 4 * place, 4, big_)));
    return std::bit_cast<double>(raw(second + 8 * place, 8, big_));
  }
  std::string text(std::size_t from, std::size_t most) const {
    const auto part = bytes_.substr(from, most);
    return part.substr(0, part.find('\0'));
  }
  std::size_t at(std::size_t first, std::size_t second) const { return version_ == 1 ? first : second; }
  int version() const { return version_; }

 private:
  std::uint64_t raw(std::size_t from, std::size_t length, bool big) const {
    return integer_of(reinterpret_cast<const std::uint8_t*>(bytes_.data()) + from, length, big);
  }

  const std::string& bytes_;
  const std::string& name_;
  int version_ = 0;
  bool big_ = false;
  std::string magic_;
};

using Matrix = std::array<std::array<double, 3>, 3>;  // rows are axes of the body

// The turn of the volume, from the header's matrix, else its quaternion, else as ANALYZE defines it.
Matrix directions(const NiftiFields& fields) {
  Matrix m{};
  if (fields.integer(254, 2, 348, 4) > 0) {
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) m[r][c] = fields.real(280 + 16 * r, 400 + 32 * r, c);
    }
    return m;
  }
  if (fields.integer(252, 2, 344, 4) <= 0) return {{{-1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const double b = fields.real(256, 352), c = fields.real(260, 360), d = fields.real(264, 368);
  const double a = std::sqrt(std::max(0.0, 1 - b * b - c * c - d * d));
  const double last = fields.real(76, 104) < 0 ? -1 : 1;
  return {{{a * a + b * b - c * c - d * d, 2 * (b * c - a * d), last * 2 * (b * d + a * c)},
           {2 * (b * c + a * d), a * a + c * c - b * b - d * d, last * 2 * (c * d - a * b)},
           {2 * (b * d - a * c), 2 * (c * d + a * b), last * (a * a + d * d - b * b - c * c)}}};
}

// Gives each axis of the file the axis of the body that it is nearest to, the clearest first.
void set_orientation(const NiftiFields& fields, NiftiHeader& header) {
  const auto m = directions(fields);
  std::array<bool, 3> row_taken{}, column_taken{};
  for (int n = 0; n < 3; ++n) {
    std::size_t row = 3, column = 3;
    double most = -1;
    for (std::size_t c = 0; c < 3; ++c) {
      const double length = std::hypot(m[0][c], m[1][c], m[2][c]);
      for (std::size_t r = 0; r < 3; ++r) {
        const double share = length > 0 && std::isfinite(length) ? std::abs(m[r][c]) / length : 0;
        if (row_taken[r] || column_taken[c] || share <= most) continue;
        most = share;
        row = r;
        column = c;
      }
    }
    row_taken[row] = column_taken[column] = true;
    header.body[column] = static_cast<int>(row);
    header.reversed[column] = m[row][column] < 0;
  }
}

std::string name_without(const std::string& name, std::string_view ending) {
  return name.substr(0, name.size() - ending.size());
}

// The image file of a header.
fs::path image_of(const fs::path& header) {
  const auto text = header.string();
  for (const std::string_view ending : {".hdr.gz", ".hdr"}) {
    if (!has_ending(header, ending)) continue;
    for (const char* image : {".img", ".img.gz", ".IMG"}) {
      const fs::path path = name_without(text, ending) + image;
      if (fs::is_regular_file(path)) return path;
    }
  }
  throw data_error(text + ": the image file of the pair (.img) is not beside it", "put it there");
}

void set_size(const NiftiFields& fields, NiftiHeader& header) {
  const auto axis = [&](std::size_t i) { return fields.integer(40 + 2 * i, 2, 16 + 8 * i, 8); };
  const auto axes = axis(0);
  if (axes < 1 || axes > 7) throw fields.wrong(fmt::format("{} axes; 1 to 7 are allowed", axes));
  for (std::size_t i = 1; i <= static_cast<std::size_t>(axes); ++i) {
    const auto length = axis(i);
    constexpr std::int64_t longest = std::int64_t{1} << 30;
    if (length < 1 || length > longest) throw fields.wrong(fmt::format("axis {} has {} values", i, length));
    const auto size = static_cast<std::uint64_t>(length);
    if (i <= 3)
      header.size[i - 1] = size;
    else if (__builtin_mul_overflow(header.volumes, size, &header.volumes))
      throw fields.wrong("its axes are too long");
  }
  std::uint64_t bytes = static_cast<std::uint64_t>(width_of(header.type));
  for (const auto size : {header.size[0], header.size[1], header.size[2], header.volumes}) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) throw fields.wrong("its axes are too long");
  }
  // zlib packs at most 1032 bytes into one.
  std::error_code code;
  const auto in_file = fs::file_size(header.data, code);
  const bool packed = has_ending(header.data, ".gz");
  const double room = static_cast<double>(in_file) * (packed ? 1032 : 1);
  if (code || static_cast<double>(header.offset) + static_cast<double>(bytes) > room) {
    throw fields.wrong(fmt::format("the header says {}x{}x{}x{} values of {} bytes, and the file has {}",
                                   header.size[0], header.size[1], header.size[2], header.volumes,
                                   width_of(header.type), counted(in_file, "byte")));
  }
}

}  // namespace

bool NiftiHeader::colour() const {
  return type == 128 || type == 2304;
}

std::uint64_t NiftiHeader::bytes() const {
  return size[0] * size[1] * size[2] * volumes * static_cast<std::uint64_t>(width_of(type));
}

NiftiHeader read_nifti_header(const fs::path& path) {
  const auto name = path.string();
  std::string bytes;
  GzFile(path).read(bytes, kSecond + 4);
  const NiftiFields fields(bytes, name);
  NiftiHeader header;
  header.big_endian = fields.big();
  header.data = fields.pair() ? image_of(path) : path;
  const auto intent = fields.integer(68, 2, 504, 4);
  if (intent >= 3000 && intent < 3100) throw fields.wrong("a CIFTI file, which holds no pictures");
  header.type = static_cast<int>(fields.integer(70, 2, 12, 2));
  if (width_of(header.type) == 0)
    throw fields.wrong(fmt::format("values of type {}, which are not read", header.type));
  const double offset =
      fields.version() == 1 ? fields.real(108, 0) : static_cast<double>(fields.integer(0, 4, 168, 8));
  if (!(offset >= 0 && offset < 1e15)) throw fields.wrong("its header is damaged");
  header.offset = static_cast<std::uint64_t>(offset);
  if (!fields.pair()) header.offset = std::max(header.offset, fields.length() + 4);
  set_size(fields, header);

  const auto units =
      fields.version() == 1 ? static_cast<int>(bytes[123]) : static_cast<int>(fields.integer(0, 4, 500, 4));
  const double millimetres = (units & 7) == 1 ? 1000 : (units & 7) == 3 ? 0.001 : 1;
  for (std::size_t i = 0; i < 3; ++i) header.spacing[i] = std::abs(fields.real(76, 104, i + 1)) * millimetres;
  const double slope = fields.real(112, 176), inter = fields.real(116, 184);
  if (std::isfinite(slope) && slope != 0) {
    header.slope = slope;
    header.offset_of_values = std::isfinite(inter) ? inter : 0;
  }
  set_orientation(fields, header);
  if (!fields.text(fields.at(148, 240), 80).empty()) header.texts.emplace_back("descrip");
  if (!fields.text(fields.at(228, 320), 24).empty()) header.texts.emplace_back("aux_file");
  if (fields.version() == 1 && !fields.text(14, 18).empty()) header.texts.emplace_back("db_name");
  if (bytes.size() > fields.length() && bytes[fields.length()] != 0) header.texts.emplace_back("extensions");
  return header;
}

NiftiVolume::NiftiVolume(NiftiHeader header) : header_(std::move(header)), bytes_(Pixels::reading_limit) {
  GzFile file(header_.data);
  std::string before;
  file.read(before, header_.offset);
  if (before.size() == header_.offset) file.read(bytes_, header_.bytes());
  if (bytes_.size() != header_.bytes()) {
    throw data_error(fmt::format("{}: the file is cut short: {} of {} bytes of values are there",
                                 header_.data.string(), bytes_.size(), header_.bytes()),
                     "get the file again");
  }
}

double NiftiVolume::value(std::uint64_t index) const {
  const bool big = header_.big_endian;
  const auto width = static_cast<std::size_t>(width_of(header_.type));
  const auto* from = bytes_.data() + index * width;
  const auto bits = [&](std::size_t length, std::size_t at = 0) {
    return integer_of(from + at, length, big);
  };
  const auto single = [&](std::size_t at) {
    return static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits(4, at))));
  };
  const auto twice = [&](std::size_t at) { return std::bit_cast<double>(bits(8, at)); };
  double stored = 0;
  switch (header_.type) {
    case 2: stored = from[0]; break;
    case 256: stored = static_cast<std::int8_t>(from[0]); break;
    case 4: stored = static_cast<std::int16_t>(bits(2)); break;
    case 512: stored = static_cast<double>(bits(2)); break;
    case 8: stored = static_cast<std::int32_t>(bits(4)); break;
    case 768: stored = static_cast<double>(bits(4)); break;
    case 1024: stored = static_cast<double>(static_cast<std::int64_t>(bits(8))); break;
    case 1280: stored = static_cast<double>(bits(8)); break;
    case 16: stored = single(0); break;
    case 64: stored = twice(0); break;
    // Complex values by their magnitude.
    case 32:
      return std::hypot(single(0) * header_.slope + header_.offset_of_values, single(4) * header_.slope);
    default: return std::hypot(twice(0) * header_.slope + header_.offset_of_values, twice(8) * header_.slope);
  }
  return stored * header_.slope + header_.offset_of_values;
}

RawFrame NiftiVolume::slice(int axis, std::uint64_t number) const {
  const auto& size = header_.size;
  const auto along = static_cast<std::size_t>(axis);
  // Left to right lies across, else back to front; head or front is up.
  std::size_t across = along == 0 ? 1 : 0, down = along == 2 ? 1 : 2;
  if (header_.body[down] < header_.body[across]) std::swap(across, down);
  const std::array<std::uint64_t, 3> step = {1, size[0], size[0] * size[1]};
  const auto volume = number / size[along] * size[0] * size[1] * size[2];
  const auto first = volume + number % size[along] * step[along];
  RawFrame frame{static_cast<int>(size[across]), static_cast<int>(size[down]), header_.colour() ? 3 : 1, {}};
  frame.values.reserve(size[across] * size[down] * static_cast<std::size_t>(frame.channels));
  // The body's axes run to its right, front and head; pictures begin there.
  const auto place = [&](std::size_t axis_of, std::uint64_t i) {
    return (header_.reversed[axis_of] ? i : size[axis_of] - 1 - i) * step[axis_of];
  };
  const auto width = static_cast<std::size_t>(width_of(header_.type));
  for (std::uint64_t y = 0; y < size[down]; ++y) {
    for (std::uint64_t x = 0; x < size[across]; ++x) {
      const auto index = first + place(down, y) + place(across, x);
      if (frame.channels == 1) {
        frame.values.push_back(value(index));
      } else {
        const auto* from = bytes_.data() + index * width;
        frame.values.insert(frame.values.end(), from, from + 3);
      }
    }
  }
  return frame;
}

bool is_nifti_image(const fs::path& path) {
  return has_ending(path, ".img") || has_ending(path, ".img.gz");
}

fs::path nifti_header_file(const fs::path& path) {
  for (const std::string_view ending : {".img.gz", ".img"}) {
    if (!has_ending(path, ending)) continue;
    for (const char* header : {".hdr", ".hdr.gz", ".HDR"}) {
      fs::path found = name_without(path.string(), ending) + header;
      if (fs::is_regular_file(found)) return found;
    }
  }
  return path;
}

}  // namespace belamy
