// The verb `weights`: lists and imports networks trained elsewhere.
#include "data/weights.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/verbs.h"
#include "core/env.h"
#include "core/progress.h"
#include "core/text.h"

namespace belamy::cli {
namespace {

constexpr std::size_t short_digest = 12;
constexpr std::size_t longest_metadata = 300;

// Names and metadata in foreign files may be any bytes; control characters must not reach the terminal.
std::string harmless(const std::string& text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7f; });
  auto shown =
      plain ? text : nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (shown.size() > longest_metadata) shown.replace(longest_metadata, std::string::npos, "...");
  return shown;
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

ExitCode list_known_weights() {
  const auto all = list_weights();
  if (all.empty()) {
    fmt::print(
        "no weights yet: 'belamy weights import FILE --as NAME' copies a safetensors file into the cache,\n"
        "and files in the folders of BELAMY_WEIGHTS are found as well\n");
    return ExitCode::ok;
  }
  std::size_t wide = 4;
  for (const auto& each : all) wide = std::max(wide, each.file.name.size());
  fmt::print("{:<{}}  {:<18}  {:>10}  {:<{}}  {}\n", "name", wide, "network", "size", "SHA-256", short_digest,
             "where");
  for (const auto& each : all) {
    fmt::print("{:<{}}  {:<18}  {:>10}  {:<{}}  {}{}\n", each.file.name, wide,
               each.fault.empty() ? network_name(each.kind) : "not readable", format_bytes(each.bytes),
               each.file.sha256.substr(0, short_digest), short_digest, each.file.path.string(),
               each.hidden ? " (hidden by the file of this name above)" : "");
  }
  for (const auto& each : all)
    if (!each.fault.empty()) warn(first_line(each.fault));
  return ExitCode::ok;
}

const char* description_of(NetworkKind kind) {
  switch (kind) {
    case NetworkKind::vgg16_conv: return "the convolutions of VGG16 (Simonyan & Zisserman 2015)";
    case NetworkKind::efficientnet_lite0: return "EfficientNet-Lite0 (Tan & Le 2019), 1000 classes";
    case NetworkKind::belamy_checkpoint: return "a checkpoint of a run of Belamy";
    case NetworkKind::unknown: return "not a network that Belamy knows";
  }
  return "";
}

std::string use_of(const Weights& weights) {
  switch (weights.kind) {
    case NetworkKind::vgg16_conv:
      return fmt::format("style transfer: belamy stylize --features {}; in the library nn::Vgg16",
                         weights.file.name);
    case NetworkKind::efficientnet_lite0:
      return "features of images in the library, nn::EfficientNetLite0; no verb uses them yet";
    case NetworkKind::belamy_checkpoint:
      return "with its run folder: belamy sample RUN, belamy evaluate RUN, ...";
    case NetworkKind::unknown: break;
  }
  const auto like = most_like(weights.content);
  if (like == NetworkKind::unknown) return "none";
  return fmt::format("none: it is not {}, because {}", network_name(like),
                     tensor_fault(weights.content.arrays, like));
}

std::int64_t elements_of(const Array& array) {
  return static_cast<std::int64_t>(array.bytes / item_size(array.dtype));
}

std::int64_t parameters_of(const ArrayMap& arrays) {
  std::int64_t count = 0;
  for (const auto& [name, array] : arrays)
    if (is_floating(array.dtype)) count += elements_of(array);
  return count;
}

ExitCode show_weights(const std::string& name_or_path) {
  const auto weights = read_weights(name_or_path);
  const auto& arrays = weights.content.arrays;
  fmt::print("name        {}\nfile        {}\nnetwork     {}: {}\nuse         {}\n", weights.file.name,
             weights.file.path.string(), network_name(weights.kind), description_of(weights.kind),
             use_of(weights));
  fmt::print("size        {}\nSHA-256     {}\nparameters  {} in {}, running statistics included\n",
             format_bytes(Env::real().size(weights.file.path)), weights.file.sha256,
             format_count(parameters_of(arrays)), counted(arrays.size(), "tensor"));
  if (!weights.content.metadata.empty()) fmt::print("\nmetadata\n");
  for (const auto& [key, value] : weights.content.metadata)
    fmt::print("  {} = {}\n", harmless(key), harmless(value));
  if (!arrays.empty()) fmt::print("\ntensors\n");
  for (const auto& [name, array] : arrays)
    fmt::print("  {}  {} {}\n", harmless(name), dtype_name(array.dtype), shape_text(array.shape));
  return ExitCode::ok;
}

ExitCode import_file(const std::string& file, const std::string& name, bool force) {
  const auto [weights, there_already] = import_weights(file, name, force);
  fmt::print("{} ({}, SHA-256 {}) {} {}\n", weights.file.name, network_name(weights.kind),
             weights.file.sha256.substr(0, short_digest), there_already ? "is there already:" : "is now in",
             weights.file.path.string());
  return ExitCode::ok;
}

}  // namespace

void add_weights(Verb program) {
  struct Request {
    std::string file, name;
    bool force = false;
  };
  auto request = std::make_shared<Request>();
  auto verb = program.verb("weights", "List, examine and import weights that were trained elsewhere");
  verb.needs_verb();
  verb.verb("list", "List weights by name: network, size, SHA-256, place").does(list_known_weights);

  auto info_verb = verb.verb("info", "Show tensors, parameters, metadata and use of one file");
  info_verb.option("weights", request->file, "Name from 'belamy weights list', or a file").required();
  info_verb.does([=] { return show_weights(request->file); });

  auto import_verb = verb.verb("import", "Copy the tensors of a file into the cache under a name");
  import_verb
      .option("file", request->file,
              "A safetensors file, what torch.save wrote (.pt, .pth), or an .onnx file")
      .required();
  import_verb.option("--as", request->name, "Name of the weights in the cache").required();
  import_verb.flag("--force", request->force, "Replace another file of the same name");
  import_verb.does([=] { return import_file(request->file, request->name, request->force); });
}

}  // namespace belamy::cli
