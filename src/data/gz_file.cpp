// Files compressed by gzip.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <zlib.h>

#include "core/text.h"
#include "data/readers.h"

namespace belamy {

namespace fs = std::filesystem;

GzFile::GzFile(const fs::path& path) : path_(path), file_(gzopen(path.c_str(), "rb")) {
  if (!file_) {
    throw data_error(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)),
                     "check the path, and that you may read the file");
  }
  gzbuffer(static_cast<gzFile>(file_), 1 << 17);
}

GzFile::~GzFile() {
  gzclose(static_cast<gzFile>(file_));
}

void GzFile::read(std::string& to, std::uint64_t count) {
  read_into(to, count);
}

void GzFile::read(Pixels& to, std::uint64_t count) {
  read_into(to, count);
}

template <class Bytes>
void GzFile::read_into(Bytes& to, std::uint64_t count) {
  constexpr std::uint64_t step = 1 << 20;
  while (count > 0) {
    const std::size_t before = to.size();
    const auto want = std::min(count, step);
    to.resize(before + want);
    const int got = gzread(static_cast<gzFile>(file_), to.data() + before, static_cast<unsigned>(want));
    to.resize(before + static_cast<std::size_t>(std::max(got, 0)));
    count -= static_cast<std::uint64_t>(std::max(got, 0));
    if (got == static_cast<int>(want)) continue;
    // To gzread a truncated file looks complete; only gzerror tells.
    int code = Z_OK;
    const char* text = gzerror(static_cast<gzFile>(file_), &code);
    if (code == Z_OK || code == Z_STREAM_END) return;
    throw data_error(code == Z_BUF_ERROR
                         ? fmt::format("{}: the compressed file is cut short; {} could be unpacked",
                                       path_.string(), counted(to.size(), "byte"))
                         : fmt::format("{}: cannot be unpacked: {}", path_.string(),
                                       code == Z_ERRNO ? std::strerror(errno) : text),
                     "get the file again");
  }
}

}  // namespace belamy
