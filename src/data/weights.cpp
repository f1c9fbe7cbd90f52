#include "data/weights.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <stdexcept>

#include "belamy/config.h"
#include "belamy/error.h"

#include "core/env.h"
#include "core/sha256.h"
#include "core/text.h"
#include "data/dataset.h"
#include "data/downloads.h"
#include "data/environment.h"
#include "data/onnx_file.h"
#include "data/pytorch_file.h"
#include "data/tensor_map.h"

namespace belamy {
namespace {

constexpr const char* weights_ending = ".safetensors";
// What an import tells of the file that it read.
constexpr const char *source_digest_key = "source_sha256", *map_digest_key = "map_sha256";

fs::path imported_folder() {
  return cache_folder() / "weights";
}

std::vector<fs::path> weights_folders() {
  auto folders = folders_of_variable("BELAMY_WEIGHTS");
  folders.push_back(imported_folder());
  return folders;
}

// "vgg16-conv" for "vgg16-conv.safetensors" as well.
std::string without_weights_ending(const std::string& name) {
  return name.ends_with(weights_ending) ? name.substr(0, name.size() - std::string(weights_ending).size())
                                        : name;
}

bool is_file(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code);
}

// All files that a name finds, the first one found first.
std::vector<fs::path> weights_files() {
  std::vector<fs::path> files;
  for (const auto& folder : weights_folders()) {
    std::error_code code;
    if (!fs::is_directory(folder, code)) continue;
    for (const auto& path : Env::real().list(folder)) {
      const auto name = path.filename().string();
      if (!name.starts_with('.') && name.ends_with(weights_ending) && is_file(path)) files.push_back(path);
    }
  }
  return files;
}

// The first file of this name; empty if there is none.
fs::path place_of(const std::string& name) {
  for (const auto& folder : weights_folders())
    if (const auto path = folder / (name + weights_ending); is_file(path)) return path;
  return {};
}

// The known name that is most similar: one that begins with `name`, else the nearest by edits.
std::string nearest_weights(const std::string& name) {
  const auto names = weights_names();
  const auto longer = std::find_if(names.begin(), names.end(),
                                   [&](const std::string& each) { return each.starts_with(name); });
  return longer == names.end() ? nearest(name, names) : *longer;
}

const OfficialSet* official_network(const std::string& name) {
  for (const auto& network : official_networks())
    if (network.name == name) return &network;
  return nullptr;
}

// Whether the weights are the file of this digest, or an import of it under its own names.
bool came_from(const Weights& weights, const std::string& digest) {
  const auto& metadata = weights.content.metadata;
  const auto source = metadata.find(source_digest_key);
  return (source == metadata.end() ? weights.file.sha256 : source->second) == digest &&
         metadata.count(map_digest_key) == 0;
}

Error not_found(const std::string& name) {
  std::vector<std::string> looked;
  for (const auto& folder : weights_folders()) looked.push_back(folder.string());
  const auto plain = without_weights_ending(name);
  const auto near = nearest_weights(plain);
  const auto hint =
      official_network(plain) ? fmt::format("'belamy weights fetch {}' downloads them", plain)
      : near.empty()
          ? "'belamy weights list' lists the names, 'belamy weights import FILE --as NAME' adds a file"
          : fmt::format("did you mean '{}'?", near);
  return data_error(fmt::format("there are no weights '{}': neither a file at this path nor a name in {}",
                                name, fmt::join(looked, ", ")),
                    hint);
}

fs::path locate(const std::string& name_or_path) {
  std::error_code code;
  if (const fs::path path = name_or_path; fs::exists(path, code)) return path;
  if (name_or_path.find('/') != std::string::npos) throw not_found(name_or_path);
  const auto place = place_of(without_weights_ending(name_or_path));
  if (place.empty()) throw not_found(name_or_path);
  return place;
}

std::string weights_name(const fs::path& path) {
  return without_weights_ending(path.filename().string());
}

// Files of ONNX have no mark of their own.
bool is_onnx_file(const fs::path& path) {
  return in_lower_case(path.extension().string()) == ".onnx";
}

Weights weights_of(std::string bytes, const fs::path& path) {
  Weights weights;
  weights.file = {weights_name(path), path, sha256_hex(bytes)};
  const auto name = path.string();
  weights.content = is_pytorch_file(bytes) ? read_pytorch_file(bytes, name)
                    : is_onnx_file(path)   ? read_onnx_file(bytes, name)
                                           : decode_safetensors(std::move(bytes), name, false);
  weights.kind = recognise(weights.content);
  return weights;
}

// What an import writes in place of the file itself: a file of PyTorch or ONNX as safetensors, and other names than Belamy's
// as Belamy's. Empty for a sound safetensors file, which is copied.
std::string converted(const Weights& weights, std::string_view bytes, const std::optional<TensorMap>& map,
                      std::string_view map_text) {
  const auto& content = weights.content;
  const auto mapped =
      map ? map->network_in(content.arrays, weights.file.path.string()) : ArrayMap(content.arrays);
  const auto vgg16 = vgg16_of_torchvision(mapped);
  if (!is_pytorch_file(bytes) && !is_onnx_file(weights.file.path) && vgg16.empty() && !map) return "";
  StringMap metadata = {{"source", weights.file.path.filename().string()},
                        {source_digest_key, weights.file.sha256}};
  if (map) {
    metadata[map_digest_key] = sha256_hex(map_text);
    if (const auto input = content.metadata.find(input_key); input != content.metadata.end())
      metadata.insert(*input);
  }
  if (!vgg16.empty()) metadata[input_key] = torchvision_input;
  return encode_safetensors(vgg16.empty() ? mapped : vgg16, metadata);
}

Weights read_file(const fs::path& path) {
  return weights_of(Env::real().read(path), path);
}

void check_weights_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  if (!name.empty() && name[0] != '.' && name.size() <= 100 && std::all_of(name.begin(), name.end(), allowed))
    return;
  throw usage_error(fmt::format("--as {}: this is not a valid name of weights", name),
                    "use up to 100 letters, digits, '-', '_' and '.', and no '.' at the beginning");
}

}  // namespace

WeightsFile find_weights(const std::string& name_or_path) {
  const auto path = locate(name_or_path);
  return {weights_name(path), path, sha256_of_file(path)};
}

Weights read_weights(const std::string& name_or_path) {
  return read_file(locate(name_or_path));
}

std::vector<ListedWeights> list_weights() {
  std::vector<ListedWeights> all;
  for (const auto& path : weights_files()) {
    ListedWeights line;
    line.bytes = Env::real().size(path);
    line.hidden = std::any_of(all.begin(), all.end(), [&](const ListedWeights& other) {
      return other.file.name == weights_name(path);
    });
    try {
      const auto weights = read_file(path);
      line.file = weights.file;
      line.kind = weights.kind;
    } catch (const Error& error) {
      line.file = {weights_name(path), path, ""};
      line.fault = error.what();
    }
    all.push_back(std::move(line));
  }
  return all;
}

std::vector<std::string> weights_names() {
  std::vector<std::string> names;
  for (const auto& path : weights_files()) names.push_back(weights_name(path));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

ImportedWeights import_weights(const WeightsImport& request) {
  const auto plain = without_weights_ending(request.name);
  check_weights_name(plain);
  auto& env = Env::real();
  // A fault of the map is told before a large file is read.
  std::string map_text;
  std::optional<TensorMap> map;
  if (!request.map.empty()) {
    map_text = env.read(request.map);
    map.emplace(map_text, request.map.string());
  }
  const auto folder = imported_folder();
  const auto target = folder / (plain + weights_ending);
  // Decoding may move arrays that are not aligned; the copy keeps the bytes as they are.
  auto bytes = env.read(request.from);
  ImportedWeights imported{weights_of(bytes, request.from)};
  if (auto other = converted(imported.weights, bytes, map, map_text); !other.empty()) {
    bytes = std::move(other);
    imported.weights = weights_of(bytes, target);
  }
  auto& file = imported.weights.file;
  env.create_folders(folder);
  // Two imports of one name must not both find it free.
  const auto lock = env.try_lock(folder / ".importing");
  if (!lock)
    throw storage_error(folder.string() + ": another process is importing weights into this folder",
                        "wait for it to end, and run the same command again");
  file.name = plain;
  if (const auto found = place_of(plain); !found.empty()) {
    if (sha256_of_file(found) == file.sha256) {
      file.path = found;
      imported.there_already = true;
      return imported;
    }
    std::error_code code;
    const bool in_cache = fs::equivalent(found, target, code);
    if (!in_cache)
      throw usage_error(fmt::format("--as {}: '{}' is another file of this name and would be found first",
                                    plain, found.string()),
                        "choose another name with --as");
    if (!request.force)
      throw usage_error(fmt::format("--as {}: '{}' is another file of this name", plain, found.string()),
                        "choose another name with --as, or replace that file with --force");
  }
  write_atomically(env, target, bytes);
  file.path = target;
  return imported;
}

std::vector<std::string> published_weights() {
  std::vector<std::string> names;
  for (const auto& network : official_networks()) names.push_back(network.name);
  return names;
}

const std::string& published_digest(const std::string& name) {
  const auto* network = official_network(name);
  if (!network) throw std::logic_error("no address is known for weights " + name);
  return network->files.front().sha256;
}

bool is_published(const Weights& weights, const std::string& name) {
  return came_from(weights, published_digest(name));
}

ImportedWeights fetch_network(const OfficialSet& network, const FetchProgress& progress) {
  if (const auto found = place_of(network.name); !found.empty()) {
    auto weights = read_file(found);
    if (!came_from(weights, network.files.front().sha256))
      throw usage_error(fmt::format("'{}' is another file of the name {} and would be found first",
                                    found.string(), network.name),
                        "move it away, and run the same command again");
    return {std::move(weights), true};
  }
  const auto folder = cache_folder() / "downloads";
  fetch_files(network, folder, progress);
  const auto file = folder / network.files.front().name;
  auto imported = import_weights({file, network.name});
  Env::real().remove(file);  // the import holds all of it
  return imported;
}

ImportedWeights fetch_weights(const std::string& name, const std::string& base_url,
                              const FetchProgress& progress) {
  const auto* known = official_network(name);
  if (!known)
    throw usage_error(fmt::format("no address is known for weights '{}'", name),
                      suggestion(name, published_weights()) +
                          fmt::format("known are {}", fmt::join(published_weights(), ", ")));
  auto network = *known;
  if (!base_url.empty()) network.base_url = base_url.ends_with('/') ? base_url : base_url + "/";
  return fetch_network(network, progress);
}

}  // namespace belamy
