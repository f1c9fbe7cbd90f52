// The verb `weights`: lists, imports and downloads networks trained elsewhere.
#include "data/weights.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/verbs.h"
#include "core/env.h"
#include "core/foreign_text.h"
#include "core/progress.h"
#include "core/text.h"

namespace belamy::cli {
namespace {

constexpr std::size_t short_digest = 12;
constexpr std::size_t most_missing = 5;

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
    case NetworkKind::inception: return "the Inception of FID (Szegedy et al. 2016), 1008 classes";
    case NetworkKind::belamy_checkpoint: return "a checkpoint of a run of Belamy";
    case NetworkKind::unknown: return "not a network that Belamy knows";
  }
  return "";
}

std::string use_of(const Weights& weights) {
  switch (weights.kind) {
    case NetworkKind::vgg16_conv:
      return fmt::format(
          "style transfer: belamy stylize --features {0}; measures: belamy evaluate RUN --measures vgg16-frechet "
          "--features {0}",
          weights.file.name);
    case NetworkKind::efficientnet_lite0:
      return "measures, if its name is efficientnet-lite0: belamy evaluate RUN --measures lite0-frechet";
    case NetworkKind::inception:
      return "measures, if it is the published file and its name is inception: belamy evaluate RUN --measures fid";
    case NetworkKind::belamy_checkpoint:
      return "with its run folder: belamy sample RUN, belamy evaluate RUN, ...";
    case NetworkKind::unknown: break;
  }
  const auto* like = most_like(weights.content.arrays);
  if (!like) return "none";
  const auto fault = tensor_fault(weights.content.arrays, *like);
  if (fault.empty())
    return fmt::format("as {}, after 'belamy weights import {} --as NAME'", network_name(like->kind),
                       weights.file.path.string());
  return fmt::format("none: it is not {}, because {}", like->title, fault);
}

// The tensors of the nearest known network that a file lacks; empty if it is known, or like none.
std::vector<ExpectedTensor> missing_in(const Weights& weights) {
  const auto* like = weights.kind == NetworkKind::unknown ? most_like(weights.content.arrays) : nullptr;
  return like ? missing_tensors(weights.content.arrays, *like) : std::vector<ExpectedTensor>();
}

void print_tensors(const std::vector<ExpectedTensor>& tensors) {
  for (const auto& [name, shape] : tensors) fmt::print("  {}  {}\n", name, shape_text(shape));
}

ExitCode list_networks() {
  bool first = true;
  for (const auto& network : known_networks()) {
    fmt::print("{}{}: {}\n", first ? "" : "\n", network.title, description_of(network.kind));
    print_tensors(network.tensors);
    first = false;
  }
  return ExitCode::ok;
}

// An import of a network that is almost known, or known under other names, tells what a map would have to name.
void warn_of_missing(const Weights& weights, const std::string& file) {
  const auto missing = missing_in(weights);
  if (missing.empty()) return;
  const auto& like = *most_like(weights.content.arrays);
  std::vector<std::string> names;
  for (const auto& tensor : missing) {
    names.push_back(names.size() < most_missing ? tensor.name : "...");
    if (names.size() > most_missing) break;
  }
  warn(fmt::format(
      "it is not {}: it lacks {} of {}: {}\n"
      "  'belamy weights info {}' lists them; if it has them under other names, import it with "
      "--map and --force",
      like.title, missing.size(), counted(like.tensors.size(), "tensor"), fmt::join(names, ", "), file));
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
  if (const auto missing = missing_in(weights); !missing.empty()) {
    fmt::print("\nmissing for {}\n", most_like(arrays)->title);
    print_tensors(missing);
  }
  return ExitCode::ok;
}

ExitCode import_file(const WeightsImport& request) {
  const auto [weights, there_already] = import_weights(request);
  fmt::print("{} ({}, SHA-256 {}) {} {}\n", weights.file.name, network_name(weights.kind),
             weights.file.sha256.substr(0, short_digest), there_already ? "is there already:" : "is now in",
             weights.file.path.string());
  warn_of_missing(weights, request.from.string());
  return ExitCode::ok;
}

ExitCode fetch_published(const std::string& name, const std::string& base_url) {
  Progress progress;
  const auto [weights, there_already] =
      fetch_weights(name, base_url, [&](const std::string& file, std::uint64_t done, std::uint64_t total) {
        if (progress.terminal() || done == total)
          progress.update(fmt::format("{}  {} of {}", file, format_bytes(done), format_bytes(total)));
      });
  progress.finish();
  fmt::print("{} ({}) {} {}\n", weights.file.name, network_name(weights.kind),
             there_already ? "is there already:" : "is now in", weights.file.path.string());
  return ExitCode::ok;
}

}  // namespace

void add_weights(Verb program) {
  struct Request {
    std::string file, name, map, base_url;
    bool force = false;
  };
  auto request = std::make_shared<Request>();
  auto verb =
      program.verb("weights", "List, examine, import and download weights that were trained elsewhere");
  verb.needs_verb();
  verb.verb("list", "List weights by name: network, size, SHA-256, place").does(list_known_weights);

  verb.verb("networks", "List the networks that Belamy knows, with their tensors").does(list_networks);

  auto info_verb = verb.verb("info", "Show tensors, parameters, metadata and use of one file");
  info_verb.option("weights", request->file, "Name from 'belamy weights list', or a file").required();
  info_verb.does([=] { return show_weights(request->file); });

  auto import_verb = verb.verb("import", "Copy the tensors of a file into the cache under a name");
  import_verb
      .option("file", request->file,
              "A safetensors file, what torch.save wrote (.pt, .pth), or an .onnx file")
      .required();
  import_verb.option("--as", request->name, "Name of the weights in the cache").required();
  import_verb.option(
      "--map", request->map,
      "A text of lines 'THEIR.NAME = OUR.NAME' for the tensors of a network that Belamy knows; "
      "'THEIR.* = OUR.*' for all names with a beginning, 'THEIR.NAME = -' to leave one out");
  import_verb.flag("--force", request->force, "Replace another file of the same name");
  import_verb.does([=] { return import_file({request->file, request->name, request->map, request->force}); });

  auto fetch_verb =
      verb.verb("fetch", "Download a published network into the cache, if its SHA-256 is the right one");
  fetch_verb
      .option("name", request->name,
              "inception: the network of FID, 91 MiB, as pytorch-fid and torch-fidelity publish it")
      .required();
  fetch_verb.option("--base-url", request->base_url, "Address to download the same file from");
  fetch_verb.does([=] { return fetch_published(request->name, request->base_url); });
}

}  // namespace belamy::cli
