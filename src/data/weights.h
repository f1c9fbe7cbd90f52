// Weights that were trained elsewhere: safetensors files in the folders of $BELAMY_WEIGHTS, which are
// read-only, and in the cache, where `belamy weights import` puts them.
#pragma once

#include <filesystem>
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

}  // namespace belamy
