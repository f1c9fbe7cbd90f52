#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

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
  return data_error(fmt::format("{}: the archive is damaged or cut short: {}", path.string(), text_of(file)),
                    "Get the file again. Read are .zip, .tar, .tar.gz and .tgz.");
}

// The bytes of the present member; `reason` says what is wrong with them.
std::string read_member(archive* file, const std::filesystem::path& path, std::uint64_t limit,
                        std::string& reason) {
  std::string bytes;
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int code = archive_read_data_block(file, &block, &size, &offset);
    if (code == ARCHIVE_EOF) return bytes;
    if (code == ARCHIVE_FATAL) throw damaged(path, file);
    if (code != ARCHIVE_OK) {
      reason = "damaged in the archive: " + text_of(file);
      return bytes;
    }
    // A sparse member has holes between its blocks; they count against the limit like other bytes.
    const auto end = static_cast<std::uint64_t>(offset) + size;
    if (offset < 0 || end > limit || end < size) {
      reason = fmt::format("larger than {} bytes", limit);
      return "";
    }
    bytes.resize(static_cast<std::size_t>(offset), '\0');
    bytes.append(static_cast<const char*>(block), size);
  }
}

}  // namespace

void read_archive(const std::filesystem::path& path, std::uint64_t limit,
                  const std::function<bool(const std::string& name)>& wanted,
                  const std::function<void(const std::string& name, std::string bytes,
                                           const std::string& reason)>& member) {
  const std::unique_ptr<archive, Close> file(archive_read_new());
  archive_read_support_filter_gzip(file.get());
  archive_read_support_format_tar(file.get());
  archive_read_support_format_zip(file.get());
  if (archive_read_open_filename(file.get(), path.c_str(), 1 << 16) != ARCHIVE_OK)
    throw damaged(path, file.get());
  archive_entry* entry = nullptr;
  for (std::int64_t index = 0;; ++index) {
    const int code = archive_read_next_header(file.get(), &entry);
    if (code == ARCHIVE_EOF) return;
    if (code < ARCHIVE_WARN) throw damaged(path, file.get());
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    const char* text = archive_entry_pathname_utf8(entry);
    if (!text) text = archive_entry_pathname(entry);
    const std::string name = text ? text : fmt::format("member {}", index);
    if (!wanted(name)) continue;
    if (archive_entry_is_encrypted(entry)) {
      throw data_error(fmt::format("{}: encrypted ({})", path.string(), name),
                       "Unpack it with its password.");
    }
    std::string reason;
    std::string bytes = read_member(file.get(), path, limit, reason);
    member(name, std::move(bytes), reason);
  }
}

}  // namespace belamy
