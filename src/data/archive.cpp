// Members of zip and tar archives, by libarchive.
#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <fstream>
#include <locale.h>
#include <unordered_map>
#include <zlib.h>

#include "data/readers.h"

namespace belamy {
namespace {

struct Close {
  void operator()(archive* file) const { archive_read_free(file); }
};

std::string text_of(archive* file) {
  const char* text = archive_error_string(file);
  return text ? text : "no reason given";
}

Error damaged(const std::filesystem::path& path, archive* file) {
  if (text_of(file) == "Unrecognized archive format") {
    return data_error(path.string() + ": no archive that can be read",
                      "give a .zip, .tar, .tar.gz or .tgz; unpack a single compressed file");
  }
  return data_error(fmt::format("{}: the archive is damaged or cut short: {}", path.string(), text_of(file)),
                    "get the file again; .zip, .tar, .tar.gz and .tgz can be read");
}

// Takes bytes that begin at an offset; zeros stand between them and those before.
using TakeBlock = std::function<void(std::string_view block, std::size_t offset)>;

// The bytes of the current member, block by block; `reason` says what is wrong with them.
void read_member(archive* file, archive_entry* entry, const std::filesystem::path& path, std::uint64_t limit,
                 std::string& reason, const TakeBlock& take) {
  const auto announced =
      static_cast<std::uint64_t>(archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0);
  if (announced > limit) {
    reason = fmt::format("too large, {} bytes", announced);
    return;
  }
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int code = archive_read_data_block(file, &block, &size, &offset);
    if (code == ARCHIVE_EOF) return;
    if (code == ARCHIVE_FATAL) throw damaged(path, file);
    if (code != ARCHIVE_OK) {
      reason = "damaged in the archive: " + text_of(file);
      return;
    }
    // A sparse member has holes between its blocks; they count against the limit like other bytes.
    const auto end = static_cast<std::uint64_t>(offset) + size;
    if (offset < 0 || end > limit || end < size) {
      reason = fmt::format("too large, more than {} bytes", limit);
      return;
    }
    take({static_cast<const char*>(block), size}, static_cast<std::size_t>(offset));
  }
}

// libarchive converts names to the character set of the locale and drops those that do not fit. So it runs in
// the C locale here, whatever the program's locale is: a name then comes as the stored bytes, or not at all
// if a zip marks it as UTF-8 beyond ASCII. The locale is set for this thread only.
class PlainLocale {
 public:
  PlainLocale() : plain_(newlocale(LC_ALL_MASK, "C", nullptr)), before_(uselocale(plain_)) {}
  ~PlainLocale() {
    uselocale(before_);
    freelocale(plain_);
  }
  PlainLocale(const PlainLocale&) = delete;
  PlainLocale& operator=(const PlainLocale&) = delete;

 private:
  locale_t plain_, before_;
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// The number of bytes of the UTF-8 character at the start of the text; 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  // The range of the second byte excludes overlong forms, surrogates and values beyond Unicode.
  const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (lead < 0xc2 || lead > 0xf4 || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

// Names that are not UTF-8 are read as code page 437, as zip's specification says. Other character sets come
// out with wrong letters, but different names stay different.
std::string to_utf8(const std::string& stored) {
  static constexpr char32_t upper_half[] =
      U"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
      U"áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
      U"└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
      U"αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0";
  if (is_utf8(stored)) return stored;
  std::string text;
  for (const char c : stored) {
    const auto byte = static_cast<unsigned char>(c);
    const char32_t code = byte < 0x80 ? byte : upper_half[byte - 0x80];
    if (code < 0x80) {
      text += c;
      continue;
    }
    if (code >= 0x800) text += static_cast<char>(0xe0 | code >> 12);
    text += static_cast<char>(code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
  return text;
}

std::uint32_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = count; i > 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[at + i - 1]);
  return value;
}

// The name in a zip's local header: that of Info-ZIP's Unicode field if it belongs to the main name, else the
// main name.
std::string name_in_header(std::string_view name, std::string_view extra) {
  constexpr std::uint32_t unicode_path = 0x7075;
  while (extra.size() >= 4) {
    const auto id = little_endian(extra, 0, 2), size = little_endian(extra, 2, 2);
    const auto field = extra.substr(4, size);
    extra.remove_prefix(std::min<std::size_t>(extra.size(), 4 + size));
    if (id != unicode_path || field.size() <= 5) continue;
    const auto sum = crc32_z(0, reinterpret_cast<const Bytef*>(name.data()), name.size());
    if (little_endian(field, 1, 4) == sum) return std::string(field.substr(5));
  }
  return std::string(name);
}

// Gives the members of an archive their names, in UTF-8.
class Names {
 public:
  explicit Names(const std::filesystem::path& path) : path_(path), in_(path, std::ios::binary) {}

  std::string next(archive* file, archive_entry* entry, std::int64_t index) {
    const bool zip = (archive_format(file) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
    const char* known = archive_entry_pathname(entry);
    if (!known && !zip) throw no_name(index);
    std::string stored = known ? known : name_before_data(file, index);
    stored.resize(std::min(stored.size(), stored.find('\0')));  // libarchive ends a name there as well
    if (is_ascii(stored)) return stored;
    std::string name = to_utf8(stored);
    // As libarchive does with names that it can read: some Windows programs write no '/'.
    if (zip && name.find('/') == std::string::npos) std::replace(name.begin(), name.end(), '\\', '/');
    // Two names become one only if their bytes mean different things in different character sets.
    const auto [first, is_new] = given_.emplace(name, stored);
    if (is_new || first->second == stored) return name;
    const std::filesystem::path whole(name);
    return (whole.parent_path() /
            fmt::format("{} (member {}){}", whole.stem().string(), index, whole.extension().string()))
        .string();
  }

 private:
  Error no_name(std::int64_t index) const {
    return data_error(fmt::format("{}: the name of member {} cannot be read", path_.string(), index),
                      "unpack the archive and pack it again");
  }

  // A local header ends where the data begins, which is as far as libarchive has read.
  std::string name_before_data(archive* file, std::int64_t index) {
    constexpr std::uint64_t fixed = 30, usual = 1024, most = fixed + 2 * 0xffff;
    const auto end = static_cast<std::uint64_t>(archive_filter_bytes(file, 0));
    for (const auto window : {usual, most}) {
      std::string bytes(static_cast<std::size_t>(std::min(end, window)), '\0');
      in_.clear();
      in_.seekg(static_cast<std::streamoff>(end - bytes.size()));
      in_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
      const std::string_view view(bytes);
      for (auto at = view.rfind("PK\3\4"); at != view.npos;
           at = at > 0 ? view.rfind("PK\3\4", at - 1) : view.npos) {
        const auto header = view.substr(at);
        if (header.size() < fixed) continue;
        const auto name = little_endian(header, 26, 2), extra = little_endian(header, 28, 2);
        if (fixed + name + extra == header.size())
          return name_in_header(header.substr(fixed, name), header.substr(fixed + name));
      }
    }
    throw no_name(index);
  }

  const std::filesystem::path& path_;
  std::ifstream in_;
  std::unordered_map<std::string, std::string> given_;  // names beyond ASCII, and their stored bytes
};

// Reads the members of an archive into memory of a kind.
template <class Bytes>
void read_members(
    const std::filesystem::path& path, std::uint64_t limit,
    const std::function<bool(const std::string& name)>& wanted, const Bytes& none,
    const std::function<void(const std::string& name, Bytes bytes, const std::string& reason)>& member,
    const std::function<void(const std::string& name)>& link) {
  std::error_code code;
  if (std::filesystem::file_size(path, code) == 0 && !code)
    throw data_error(path.string() + ": an empty file", "get the file again");
  const std::unique_ptr<archive, Close> file(archive_read_new());
  archive_read_support_filter_gzip(file.get());
  archive_read_support_format_tar(file.get());
  archive_read_support_format_zip(file.get());
  if (archive_read_open_filename(file.get(), path.c_str(), 1 << 16) != ARCHIVE_OK)
    throw damaged(path, file.get());
  Names names(path);
  for (std::int64_t index = 0;; ++index) {
    archive_entry* entry = nullptr;
    std::string name;
    {
      const PlainLocale plain;
      const int code = archive_read_next_header(file.get(), &entry);
      if (code == ARCHIVE_EOF) return;
      if (code < ARCHIVE_WARN) throw damaged(path, file.get());
      const bool is_link = archive_entry_filetype(entry) == AE_IFLNK || archive_entry_hardlink(entry);
      if (!is_link && archive_entry_filetype(entry) != AE_IFREG) continue;
      name = names.next(file.get(), entry, index);
      if (is_link) {
        if (link) link(name);
        continue;
      }
    }
    if (name.ends_with('/')) continue;  // a folder: libarchive could not tell without its name
    if (!wanted(name)) continue;
    if (archive_entry_is_encrypted(entry)) {
      throw data_error(fmt::format("{}: encrypted ({})", path.string(), name), "unpack it with its password");
    }
    std::string reason;
    Bytes bytes = none;
    read_member(file.get(), entry, path, limit, reason, [&](std::string_view block, std::size_t offset) {
      bytes.resize(offset);
      bytes.append(reinterpret_cast<const typename Bytes::value_type*>(block.data()), block.size());
    });
    member(name, std::move(bytes), reason);
  }
}

}  // namespace

void read_archive(
    const std::filesystem::path& path, std::uint64_t limit,
    const std::function<bool(const std::string& name)>& wanted,
    const std::function<void(const std::string& name, std::string bytes, const std::string& reason)>& member,
    const std::function<void(const std::string& name)>& link) {
  read_members<std::string>(path, limit, wanted, {}, member, link);
}

void read_large_members(
    const std::filesystem::path& path, std::uint64_t limit,
    const std::function<bool(const std::string& name)>& wanted,
    const std::function<void(const std::string& name, Pixels bytes, const std::string& reason)>& member) {
  read_members<Pixels>(path, limit, wanted, Pixels(Pixels::reading_limit), member, {});
}

}  // namespace belamy
