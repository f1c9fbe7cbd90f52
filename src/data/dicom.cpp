// The header of a DICOM file (PS3.5 and PS3.10): elements of a tag, a type and a length, with sequences of more of them.
#include "data/dicom.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <memory>
#include <zlib.h>

#include "core/text.h"
#include "data/codecs.h"
#include "data/formats.h"

namespace belamy {
namespace {

constexpr std::uint32_t kItem = 0xfffee000, kItemEnd = 0xfffee00d, kSequenceEnd = 0xfffee0dd;
constexpr std::uint32_t kUndefined = 0xffffffff;
constexpr std::size_t kPreamble = 128;
constexpr std::uint64_t kMostInflated = std::uint64_t{1} << 32;

bool is_mark(std::string_view bytes, std::size_t at) {
  return bytes.size() >= at + 4 && bytes.substr(at, 4) == "DICM";
}

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t length, bool big) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i)
    value = value << 8 | static_cast<std::uint8_t>(bytes[at + (big ? i : length - 1 - i)]);
  return value;
}

bool is_type(std::string_view text) {
  return text.size() == 2 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'A' && text[1] <= 'Z';
}

bool has_long_length(std::string_view type) {
  static const std::vector<std::string_view> types = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                      "SV", "UC", "UN", "UR", "UT", "UV"};
  return std::find(types.begin(), types.end(), type) != types.end();
}

// Whether data without DICOM's mark begin with an element of one of the first groups.
bool begins_with_element(std::string_view bytes) {
  if (bytes.size() < 8) return false;
  const auto group = [&](bool big) { return number_at(bytes, 0, 2, big); };
  const bool big = group(true) == 8;
  if (!big && group(false) != 2 && group(false) != 8) return false;
  return is_type(bytes.substr(4, 2)) || number_at(bytes, 4, 4, big) < 256;
}

std::string inflate_raw(std::string_view from, const std::string& name) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw image_error(name, "zlib cannot be started");
  const auto end = [](z_stream* open) { inflateEnd(open); };
  const std::unique_ptr<z_stream, decltype(end)> open(&stream, end);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
  stream.avail_in = static_cast<uInt>(from.size());
  std::string to;
  std::string part(std::size_t{1} << 16, '\0');
  for (int code = Z_OK; code != Z_STREAM_END;) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    code = inflate(&stream, Z_NO_FLUSH);
    if (code != Z_OK && code != Z_STREAM_END) throw image_error(name, "the deflated data are damaged");
    to.append(part, 0, part.size() - stream.avail_out);
    if (to.size() > kMostInflated) throw image_error(name, "too large when inflated");
  }
  return to;
}

std::string without_padding(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\0'; };
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  return std::string(text);
}

}  // namespace

class DicomParser {
 public:
  DicomParser(DicomHeader& header, std::string_view bytes, const std::string& name)
      : header_(header), bytes_(bytes), name_(name) {}

  void parse(bool whole, bool* more) {
    read_meta();
    if (header_.syntax == "1.2.840.10008.1.2.1.99") {
      if (!whole) {
        *more = true;
        return;
      }
      header_.inflated = inflate_raw(bytes_.substr(std::min(at_, bytes_.size())), name_);
      bytes_ = header_.inflated;
      at_ = 0;
    }
    read_elements(&header_.elements_, bytes_.size(), 0);
    if (!short_) return;
    if (whole) throw image_error(name_, "the file is cut short within its header");
    *more = true;
  }

 private:
  struct Element {
    std::uint32_t tag = 0, length = 0;
    std::string_view type;
  };

  void read_meta() {
    if (is_mark(bytes_, kPreamble)) {
      at_ = kPreamble + 4;
    } else if (is_mark(bytes_, 0)) {
      at_ = 4;
    } else if (!begins_with_element(bytes_)) {
      throw image_error(name_, "not a DICOM file");
    }
    while (at_ + 8 <= bytes_.size() && number_at(bytes_, at_, 2, false) == 2) {
      const auto element = next();
      if (!element || element->length > bytes_.size() - at_) break;
      keep(&header_.elements_, *element);
      at_ += element->length;
    }
    header_.syntax = header_.text(0x00020010);
    if (header_.syntax.empty() && at_ + 6 <= bytes_.size()) {
      implicit_ = !is_type(bytes_.substr(at_ + 4, 2));
      header_.big_endian = number_at(bytes_, at_, 2, true) == 8;
    }
    implicit_ = implicit_ || header_.syntax == "1.2.840.10008.1.2";
    header_.big_endian = header_.big_endian || header_.syntax == "1.2.840.10008.1.2.2";
  }

  // The head of the next element; nothing at the end of the bytes.
  std::optional<Element> next() {
    if (bytes_.size() - at_ < 8) {
      short_ = short_ || at_ < bytes_.size();
      at_ = bytes_.size();
      return std::nullopt;
    }
    const bool big = header_.big_endian;
    Element element;
    element.tag =
        static_cast<std::uint32_t>(number_at(bytes_, at_, 2, big) << 16 | number_at(bytes_, at_ + 2, 2, big));
    const auto type = bytes_.substr(at_ + 4, 2);
    std::size_t head = 8;
    if (element.tag >> 16 == 0xfffe || implicit_ || !is_type(type)) {
      element.length = static_cast<std::uint32_t>(number_at(bytes_, at_ + 4, 4, big));
    } else if (!has_long_length(type)) {
      element.type = type;
      element.length = static_cast<std::uint32_t>(number_at(bytes_, at_ + 6, 2, big));
    } else {
      head = 12;
      element.type = type;
      if (bytes_.size() - at_ < head) {
        short_ = true;
        return std::nullopt;
      }
      element.length = static_cast<std::uint32_t>(number_at(bytes_, at_ + 8, 4, big));
    }
    at_ += head;
    return element;
  }

  void keep(DicomHeader::Elements* to, const Element& element) {
    constexpr std::uint32_t most = 256, most_of_palette = 1 << 18;
    const bool palette = element.tag >> 8 == 0x002812;
    if (to && element.length <= (palette ? most_of_palette : most))
      to->emplace(element.tag, std::string(bytes_.substr(at_, element.length)));
  }

  // Elements up to `end` or the end of their item. What lies in sequences is kept if it tells about frames.
  void read_elements(DicomHeader::Elements* to, std::size_t end, int depth) {
    while (at_ < end && !short_ && header_.pixels_tag == 0) {
      const auto element = next();
      if (!element || element->tag == kItemEnd || element->tag == kSequenceEnd) return;
      const bool pixels =
          element->tag == 0x7fe00008 || element->tag == 0x7fe00009 || element->tag == 0x7fe00010;
      if (pixels && depth == 0) {
        header_.pixels_tag = element->tag;
        header_.compressed = element->length == kUndefined;
        header_.pixels = bytes_.substr(at_);
        if (!header_.compressed) header_.pixels = header_.pixels.substr(0, element->length);
        header_.in_words = element->type != "OB";
        return;
      }
      const bool known = element->tag == 0x52009229 || element->tag == 0x52009230 ||
                         element->tag == 0x00289145 || element->tag == 0x00289132 ||
                         element->tag == 0x00289110 || element->tag == 0x00209113 ||
                         element->tag == 0x00209116 || element->tag == 0x00283000;
      if (element->length == kUndefined || element->type == "SQ" || known) {
        read_sequence(to, *element, depth);
      } else if (element->length > bytes_.size() - at_) {
        short_ = true;
      } else {
        keep(to, *element);
        at_ += element->length;
      }
    }
  }

  void read_sequence(DicomHeader::Elements* around, const Element& sequence, int depth) {
    constexpr int deepest = 32;
    if (depth == deepest) throw image_error(name_, "its header is damaged: sequences within sequences");
    const bool open = sequence.length == kUndefined;
    if (!open && sequence.length > bytes_.size() - at_) {
      short_ = true;
      return;
    }
    const auto end = open ? bytes_.size() : at_ + sequence.length;
    // A sequence of unknown type of undefined length is written as implicit.
    const bool before = implicit_;
    if (sequence.type == "UN") implicit_ = true;
    const bool shared = sequence.tag == 0x52009229, of_frames = sequence.tag == 0x52009230;
    const bool of_pixels = sequence.tag >> 16 == 0x0028 || sequence.tag >> 16 == 0x0020;
    if (sequence.tag == 0x00283000 && around) around->emplace(sequence.tag, "present");
    while (at_ < end && !short_) {
      const auto item = next();
      if (!item || item->tag == kSequenceEnd) break;
      if (item->tag != kItem) throw image_error(name_, "its header is damaged: a sequence without items");
      DicomHeader::Elements* to = of_pixels && sequence.tag != 0x00283000 ? around : nullptr;
      if (shared) to = &header_.shared_;
      if (of_frames) to = &header_.of_frames_.emplace_back();
      const bool open_item = item->length == kUndefined;
      if (!open_item && item->length > bytes_.size() - at_) {
        short_ = true;
        break;
      }
      const auto item_end = open_item ? end : at_ + item->length;
      read_elements(to, item_end, depth + 1);
      if (!open_item && !short_) at_ = item_end;
    }
    if (!open && !short_) at_ = end;
    implicit_ = before;
  }

  DicomHeader& header_;
  std::string_view bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  bool implicit_ = false, short_ = false;  // short_: an element ends behind the bytes
};

DicomHeader::DicomHeader(std::string_view bytes, const std::string& name, bool* more) {
  DicomParser(*this, bytes, name).parse(more == nullptr, more);
}

const std::string* DicomHeader::find(std::uint32_t tag, std::size_t frame) const {
  const auto in = [&](const Elements& elements) {
    const auto found = elements.find(tag);
    return found == elements.end() ? nullptr : &found->second;
  };
  if (frame < of_frames_.size()) {
    if (const auto* found = in(of_frames_[frame])) return found;
  }
  if (const auto* found = in(shared_)) return found;
  return in(elements_);
}

std::string DicomHeader::text(std::uint32_t tag, std::size_t frame) const {
  const auto* found = find(tag, frame);
  return found ? without_padding(*found) : "";
}

std::vector<double> DicomHeader::numbers(std::uint32_t tag, std::size_t frame) const {
  std::vector<double> values;
  const auto all = text(tag, frame);
  for (std::size_t at = 0; at < all.size();) {
    const auto end = std::min(all.find('\\', at), all.size());
    auto part = without_padding(std::string_view(all).substr(at, end - at));
    if (part.starts_with('+')) part.erase(0, 1);
    double value = 0;
    const auto [stop, code] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (code != std::errc() || stop != part.data() + part.size() || !std::isfinite(value)) break;
    values.push_back(value);
    at = end + 1;
  }
  return values;
}

std::optional<int> DicomHeader::number(std::uint32_t tag) const {
  const auto all = words(tag);
  return all.empty() ? std::nullopt : std::optional(all[0]);
}

std::vector<int> DicomHeader::words(std::uint32_t tag) const {
  std::vector<int> values;
  const auto* found = find(tag, 0);
  for (std::size_t at = 0; found && at + 2 <= found->size(); at += 2)
    values.push_back(static_cast<int>(number_at(*found, at, 2, big_endian)));
  return values;
}

bool DicomHeader::is_directory() const {
  return text(0x00020002) == "1.2.840.10008.1.3.10";
}

std::size_t DicomHeader::frames() const {
  const auto count = numbers(0x00280008);
  return count.empty() || !(count[0] >= 1) ? 1 : static_cast<std::size_t>(std::min(count[0], 1e9));
}

double DicomHeader::position(std::size_t frame) const {
  const auto at = numbers(0x00200032, frame), axes = numbers(0x00200037, frame);
  if (at.size() < 3 || axes.size() < 6) return 0;
  return at[0] * (axes[1] * axes[5] - axes[2] * axes[4]) + at[1] * (axes[2] * axes[3] - axes[0] * axes[5]) +
         at[2] * (axes[0] * axes[4] - axes[1] * axes[3]);
}

std::optional<std::array<double, 2>> DicomHeader::spacing() const {
  for (const std::uint32_t tag : {0x00280030, 0x00181164, 0x00182010}) {
    if (const auto size = numbers(tag); size.size() >= 2 && size[0] > 0 && size[1] > 0)
      return std::array{size[0], size[1]};
  }
  return std::nullopt;
}

std::optional<ValueWindow> DicomHeader::window(std::size_t frame) const {
  const auto centre = numbers(0x00281050, frame), width = numbers(0x00281051, frame);
  if (centre.empty() || width.empty() || !(width[0] >= 1)) return std::nullopt;
  const auto function = text(0x00281056, frame);
  // PS3.3 C.11.2.1.2: the usual line takes whole values for the middles of steps.
  const bool steps = function.empty() || function == "LINEAR";
  const double middle = steps ? centre[0] - 0.5 : centre[0], half = (steps ? width[0] - 1 : width[0]) / 2;
  return ValueWindow{middle - half, middle + half, function == "SIGMOID"};
}

std::optional<double> DicomHeader::padding() const {
  const auto stored = number(0x00280120);
  if (!stored) return std::nullopt;
  const auto slope = numbers(0x00281053), offset = numbers(0x00281052);
  const int value = number(0x00280103).value_or(0) == 1 ? static_cast<std::int16_t>(*stored) : *stored;
  return value * (slope.empty() ? 1 : slope[0]) + (offset.empty() ? 0 : offset[0]);
}

std::vector<std::string> DicomHeader::identifying() const {
  static const std::vector<std::pair<std::uint32_t, const char*>> fields = {
      {0x00100010, "PatientName"},
      {0x00100030, "PatientBirthDate"},
      {0x00100032, "PatientBirthTime"},
      {0x00101000, "OtherPatientIDs"},
      {0x00101001, "OtherPatientNames"},
      {0x00101005, "PatientBirthName"},
      {0x00101040, "PatientAddress"},
      {0x00101060, "PatientMotherBirthName"},
      {0x00102154, "PatientTelephoneNumbers"},
      {0x00104000, "PatientComments"},
      {0x00080050, "AccessionNumber"},
      {0x00080080, "InstitutionName"},
      {0x00080081, "InstitutionAddress"},
      {0x00080090, "ReferringPhysicianName"},
      {0x00081048, "PhysiciansOfRecord"},
      {0x00081050, "PerformingPhysicianName"},
      {0x00081060, "NameOfPhysiciansReadingStudy"},
      {0x00081070, "OperatorsName"},
      {0x00321032, "RequestingPhysician"},
  };
  std::vector<std::string> found;
  for (const auto& [tag, name] : fields) {
    if (!text(tag).empty()) found.emplace_back(name);
  }
  return found;
}

bool begins_like_dicom(std::string_view first_bytes, const std::string& name) {
  if (is_mark(first_bytes, kPreamble)) return true;
  return has_ending(name, ".dcm") && (is_mark(first_bytes, 0) || begins_with_element(first_bytes));
}

}  // namespace belamy
