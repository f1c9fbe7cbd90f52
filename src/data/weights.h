// Weights that were trained elsewhere: safetensors files in the folders of $BELAMY_WEIGHTS, which are
// read-only, and in the cache, where `belamy weights import` puts them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "store/known_networks.h"

namespace belamy {

/// A file of weights, identified by its digest.
struct WeightsFile {
  std::string name;  ///< "vgg16-conv" for .../vgg16-conv.safetensors
  std::filesystem::path path;
  std::string sha256;  ///< of the whole file, 64 hexadecimal digits
};

/// The same with its content; the digest is that of the bytes read.
struct Weights {
  WeightsFile file;
  Safetensors content;
  NetworkKind kind = NetworkKind::unknown;
};

/// Finds a path that exists, else NAME.safetensors in a folder of $BELAMY_WEIGHTS, else in the cache. A data
/// error lists the places that were searched, and the nearest name.
WeightsFile find_weights(const std::string& name_or_path);

/// Finds, reads and checks weights. Storage errors as in decode_safetensors; a data error for PyTorch's
/// own format.
Weights read_weights(const std::string& name_or_path);

/// One line of the list of weights that are found by name.
struct ListedWeights {
  WeightsFile file;
  std::uint64_t bytes = 0;
  NetworkKind kind = NetworkKind::unknown;
  std::string fault;    ///< why it cannot be read; empty if it can
  bool hidden = false;  ///< another file of this name is found first
};
/// All weights in the order in which they are found. Reads every file.
std::vector<ListedWeights> list_weights();
/// The names of all weights, each once, without reading the files.
std::vector<std::string> weights_names();

/// What `import_weights` puts where.
struct WeightsImport {
  std::filesystem::path from;
  std::string name;
  std::filesystem::path map =
      {};              ///< a text of names, as TensorMap reads it; the file must then hold a known network
  bool force = false;  ///< replace another file of that name in the cache
};
/// Copies a file into the cache as NAME.safetensors, whole or not at all. `there_already`: the same bytes are
/// found by that name, and nothing was copied. Usage errors: an invalid name, a name that is taken in the cache, or in
/// $BELAMY_WEIGHTS, where it would be found first. Errors of the map as in TensorMap.
struct ImportedWeights {
  Weights weights;
  bool there_already = false;
};
ImportedWeights import_weights(const WeightsImport& request);

/// The networks that `fetch_weights` knows: "inception".
std::vector<std::string> published_weights();
/// The SHA-256 of the published file of that network.
const std::string& published_digest(const std::string& name);
/// Whether the weights are that file, or an import of it that gave no tensor another name.
bool is_published(const Weights& weights, const std::string& name);

/// Receives the name of the file that is downloaded, and its bytes: those done and all of them, or 0 where that is unknown.
using FetchProgress = std::function<void(const std::string& file, std::uint64_t done, std::uint64_t total)>;

/// Downloads the published file of a network, or the same file from `base_url`, checks its SHA-256, and imports it under the
/// name of the network. A transfer that was interrupted continues where it stopped. Nothing is downloaded if the weights of this
/// name are that file already; other weights of this name are a usage error. Data errors as in fetch_dataset.
ImportedWeights fetch_weights(const std::string& name, const std::string& base_url,
                              const FetchProgress& progress);

}  // namespace belamy
