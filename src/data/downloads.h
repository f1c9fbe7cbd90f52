// The data sets with an official address. Internal to src/data: the rest of Belamy calls fetch_dataset.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace belamy {

struct OfficialFile {
  std::string name;
  std::string sha256;  ///< 64 lower-case hexadecimal digits
};

struct OfficialSet {
  std::string name;
  std::string base_url;  ///< ends in '/'; the address of a file is base_url + name
  std::vector<OfficialFile> files;
};

const std::vector<OfficialSet>& official_sets();
/// Null for a set that is not official.
const OfficialSet* official_set(const std::string& name);

/// fetch_dataset for any set and folder.
void fetch_files(const OfficialSet& set, const std::filesystem::path& folder,
                 const std::function<void(const std::string&, std::uint64_t, std::uint64_t)>& progress);

}  // namespace belamy
