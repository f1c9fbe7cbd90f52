// The data sets and networks with an official address. Internal to src/data: the rest of Belamy calls fetch_dataset and
// fetch_weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/weights.h"

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

/// The networks with an official address, each one file.
const std::vector<OfficialSet>& official_networks();

/// fetch_dataset for any set and folder.
void fetch_files(const OfficialSet& set, const std::filesystem::path& folder, const FetchProgress& progress);

/// fetch_weights for any network.
ImportedWeights fetch_network(const OfficialSet& network, const FetchProgress& progress);

}  // namespace belamy
