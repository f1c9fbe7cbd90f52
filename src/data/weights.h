// Weights that were trained elsewhere: safetensors files in the folders of $BELAMY_WEIGHTS, which are only
// read, and in the cache, where `belamy weights import` puts them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/known_networks.h"

namespace belamy {

/// A file of weights, and the digest that says which one it was.
struct WeightsFile {
  std::string name;  ///< "vgg16-conv" for .../vgg16-conv.safetensors
  std::filesystem::path path;
  std::string sha256;  ///< of the whole file, 64 hexadecimal digits
};

/// The same with what is in it; the digest is of the bytes that were read.
struct Weights {
  WeightsFile file;
  Safetensors content;
  NetworkKind kind = NetworkKind::unknown;
};

/// A path that exists, else NAME.safetensors in a folder of $BELAMY_WEIGHTS, else in the cache. A data error
/// says where it looked, and the nearest name there.
WeightsFile find_weights(const std::string& name_or_path);

/// Finds, reads and checks. Storage errors as of decode_safetensors; a data error for PyTorch's own format.
Weights read_weights(const std::string& name_or_path);

/// One line of the list of weights that are found by name.
struct ListedWeights {
  WeightsFile file;
  std::uint64_t bytes = 0;
  NetworkKind kind = NetworkKind::unknown;
  std::string fault;    ///< why it cannot be read; empty: it can
  bool hidden = false;  ///< a file of this name is found before it
};
/// In the order in which they are found. Reads every file.
std::vector<ListedWeights> list_weights();
/// Their names, each once, without reading the files.
std::vector<std::string> weights_names();

/// Copies a file into the cache as NAME.safetensors, whole or not at all. `there_already`: these very bytes
/// are found by that name, and nothing was copied. Another file of that name in the cache is replaced only
/// with `force`; one in $BELAMY_WEIGHTS would be found first, so that name is refused. Usage and data errors
/// say so.
struct ImportedWeights {
  Weights weights;
  bool there_already = false;
};
ImportedWeights import_weights(const std::filesystem::path& from, const std::string& name, bool force);

}  // namespace belamy
