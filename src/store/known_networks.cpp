#include "store/known_networks.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

namespace belamy {
namespace {

std::vector<ExpectedTensor> vgg16_tensors() {
  struct Group {
    int convolutions;
    std::int64_t channels;
  };
  constexpr Group groups[] = {{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}};
  std::vector<ExpectedTensor> all;
  std::int64_t in = 3;
  int number = 0;
  for (const auto& [convolutions, out] : groups) {
    ++number;
    for (int i = 1; i <= convolutions; ++i) {
      const auto name = fmt::format("conv{}_{}", number, i);
      all.push_back({name + ".weight", {out, in, 3, 3}});
      all.push_back({name + ".bias", {out}});
      in = out;
    }
  }
  return all;
}

// The same as torchvision names them: a rectifier follows each convolution, and a pooling each group.
std::vector<ExpectedTensor> torchvision_tensors() {
  auto all = vgg16_tensors();
  int layer = 0;
  char group = '1';
  for (auto& tensor : all) {
    const bool weight = tensor.name.ends_with(".weight");
    if (tensor.name[4] != group) {
      group = tensor.name[4];
      ++layer;
    }
    tensor.name = fmt::format("features.{}{}", layer, tensor.name.substr(tensor.name.find('.')));
    if (!weight) layer += 2;
  }
  return all;
}

void add_batch_norm(std::vector<ExpectedTensor>& all, const std::string& name, std::int64_t channels) {
  for (const char* part : {"weight", "bias", "running_mean", "running_var"})
    all.push_back({name + "." + part, {channels}});
}

std::vector<ExpectedTensor> lite0_tensors() {
  struct Stage {
    int blocks;
    std::int64_t kernel, expansion, channels;
  };
  constexpr Stage stages[] = {{1, 3, 1, 16},  {2, 3, 6, 24},  {2, 5, 6, 40}, {3, 3, 6, 80},
                              {3, 5, 6, 112}, {4, 5, 6, 192}, {1, 3, 6, 320}};
  std::vector<ExpectedTensor> all = {{"_conv_stem.weight", {32, 3, 3, 3}}};
  add_batch_norm(all, "_bn0", 32);
  std::int64_t in = 32;
  int number = 0;
  for (const auto& [blocks, kernel, expansion, out] : stages) {
    for (int i = 0; i < blocks; ++i) {
      const auto block = fmt::format("_blocks.{}.", number++);
      const auto wide = expansion * in;
      if (expansion > 1) {
        all.push_back({block + "_expand_conv.weight", {wide, in, 1, 1}});
        add_batch_norm(all, block + "_bn0", wide);
      }
      all.push_back({block + "_depthwise_conv.weight", {wide, 1, kernel, kernel}});
      add_batch_norm(all, block + "_bn1", wide);
      all.push_back({block + "_project_conv.weight", {out, wide, 1, 1}});
      add_batch_norm(all, block + "_bn2", out);
      in = out;
    }
  }
  all.push_back({"_conv_head.weight", {1280, in, 1, 1}});
  add_batch_norm(all, "_bn1", 1280);
  all.push_back({"_fc.weight", {1000, 1280}});
  all.push_back({"_fc.bias", {1000}});
  return all;
}

// A convolution of Inception with its batch normalisation.
struct InceptionUnit {
  const char* name;
  std::int64_t out, in, height, width;
};

// The names are those of torchvision and of both PyTorch files of FID.
std::vector<ExpectedTensor> inception_tensors() {
  std::vector<ExpectedTensor> all;
  const auto add = [&](const std::string& block, const std::vector<InceptionUnit>& units) {
    for (const auto& [name, out, in, height, width] : units) {
      all.push_back({block + name + ".conv.weight", {out, in, height, width}});
      add_batch_norm(all, block + name + ".bn", out);
    }
  };
  add("", {{"Conv2d_1a_3x3", 32, 3, 3, 3},
           {"Conv2d_2a_3x3", 32, 32, 3, 3},
           {"Conv2d_2b_3x3", 64, 32, 3, 3},
           {"Conv2d_3b_1x1", 80, 64, 1, 1},
           {"Conv2d_4a_3x3", 192, 80, 3, 3}});
  const auto add_at_35 = [&](const std::string& block, std::int64_t in, std::int64_t pooled) {
    add(block, {{"branch1x1", 64, in, 1, 1},
                {"branch5x5_1", 48, in, 1, 1},
                {"branch5x5_2", 64, 48, 5, 5},
                {"branch3x3dbl_1", 64, in, 1, 1},
                {"branch3x3dbl_2", 96, 64, 3, 3},
                {"branch3x3dbl_3", 96, 96, 3, 3},
                {"branch_pool", pooled, in, 1, 1}});
  };
  add_at_35("Mixed_5b.", 192, 32);
  add_at_35("Mixed_5c.", 256, 64);
  add_at_35("Mixed_5d.", 288, 64);
  add("Mixed_6a.", {{"branch3x3", 384, 288, 3, 3},
                    {"branch3x3dbl_1", 64, 288, 1, 1},
                    {"branch3x3dbl_2", 96, 64, 3, 3},
                    {"branch3x3dbl_3", 96, 96, 3, 3}});
  const auto add_at_17 = [&](const std::string& block, std::int64_t narrow) {
    add(block, {{"branch1x1", 192, 768, 1, 1},
                {"branch7x7_1", narrow, 768, 1, 1},
                {"branch7x7_2", narrow, narrow, 1, 7},
                {"branch7x7_3", 192, narrow, 7, 1},
                {"branch7x7dbl_1", narrow, 768, 1, 1},
                {"branch7x7dbl_2", narrow, narrow, 7, 1},
                {"branch7x7dbl_3", narrow, narrow, 1, 7},
                {"branch7x7dbl_4", narrow, narrow, 7, 1},
                {"branch7x7dbl_5", 192, narrow, 1, 7},
                {"branch_pool", 192, 768, 1, 1}});
  };
  add_at_17("Mixed_6b.", 128);
  add_at_17("Mixed_6c.", 160);
  add_at_17("Mixed_6d.", 160);
  add_at_17("Mixed_6e.", 192);
  add("Mixed_7a.", {{"branch3x3_1", 192, 768, 1, 1},
                    {"branch3x3_2", 320, 192, 3, 3},
                    {"branch7x7x3_1", 192, 768, 1, 1},
                    {"branch7x7x3_2", 192, 192, 1, 7},
                    {"branch7x7x3_3", 192, 192, 7, 1},
                    {"branch7x7x3_4", 192, 192, 3, 3}});
  const auto add_at_8 = [&](const std::string& block, std::int64_t in) {
    add(block, {{"branch1x1", 320, in, 1, 1},
                {"branch3x3_1", 384, in, 1, 1},
                {"branch3x3_2a", 384, 384, 1, 3},
                {"branch3x3_2b", 384, 384, 3, 1},
                {"branch3x3dbl_1", 448, in, 1, 1},
                {"branch3x3dbl_2", 384, 448, 3, 3},
                {"branch3x3dbl_3a", 384, 384, 1, 3},
                {"branch3x3dbl_3b", 384, 384, 3, 1},
                {"branch_pool", 192, in, 1, 1}});
  };
  add_at_8("Mixed_7b.", 1280);
  add_at_8("Mixed_7c.", 2048);
  all.push_back({"fc.weight", {1008, 2048}});
  all.push_back({"fc.bias", {1008}});
  return all;
}

bool counts_batches(const std::string& name) {
  return name.ends_with(".num_batches_tracked");
}

const KnownNetwork& network_of(NetworkKind kind, bool theirs) {
  static const KnownNetwork none;
  for (const auto& network : known_networks())
    if (network.kind == kind && network.theirs == theirs) return network;
  return none;
}

std::size_t count_there(const ArrayMap& arrays, const KnownNetwork& network) {
  return network.tensors.size() - missing_tensors(arrays, network).size();
}

bool has_every_shape(const ArrayMap& arrays, const KnownNetwork& network) {
  std::map<std::vector<std::int64_t>, int> shapes;
  for (const auto& [name, array] : arrays) ++shapes[array.shape];
  return std::all_of(network.tensors.begin(), network.tensors.end(),
                     [&](const ExpectedTensor& tensor) { return --shapes[tensor.shape] >= 0; });
}

}  // namespace

const char* network_name(NetworkKind kind) {
  switch (kind) {
    case NetworkKind::vgg16_conv: return "vgg16-conv";
    case NetworkKind::efficientnet_lite0: return "efficientnet-lite0";
    case NetworkKind::inception: return "inception";
    case NetworkKind::belamy_checkpoint: return "belamy-checkpoint";
    case NetworkKind::unknown: return "unknown";
  }
  return "";
}

const std::vector<KnownNetwork>& known_networks() {
  static const std::vector<KnownNetwork> all = {
      {NetworkKind::vgg16_conv, "vgg16-conv", false, vgg16_tensors(),
       [](const std::string&) { return false; }},
      {NetworkKind::vgg16_conv, "vgg16-conv with torchvision's names", true, torchvision_tensors(),
       [](const std::string& name) { return name.starts_with("classifier."); }},
      {NetworkKind::efficientnet_lite0, "efficientnet-lite0", false, lite0_tensors(), counts_batches},
      {NetworkKind::inception, "inception", false, inception_tensors(), counts_batches}};
  return all;
}

const std::vector<ExpectedTensor>& tensors_of(NetworkKind kind) {
  return network_of(kind, false).tensors;
}

std::vector<ExpectedTensor> missing_tensors(const ArrayMap& arrays, const KnownNetwork& network) {
  std::vector<ExpectedTensor> missing;
  for (const auto& tensor : network.tensors)
    if (arrays.count(tensor.name) == 0) missing.push_back(tensor);
  return missing;
}

std::string tensor_fault(const ArrayMap& arrays, const KnownNetwork& network) {
  for (const auto& [name, shape] : network.tensors) {
    const auto found = arrays.find(name);
    if (found == arrays.end())
      return fmt::format("tensor '{}' of shape {} is missing", name, shape_text(shape));
    if (found->second.shape != shape)
      return fmt::format("tensor '{}' has the shape {} instead of {}", name, shape_text(found->second.shape),
                         shape_text(shape));
    if (!is_floating(found->second.dtype))
      return fmt::format("tensor '{}' has the type {} instead of F32, F16, BF16 or F64", name,
                         dtype_name(found->second.dtype));
  }
  return "";
}

std::string tensor_fault(const ArrayMap& arrays, NetworkKind kind) {
  return tensor_fault(arrays, network_of(kind, false));
}

NetworkKind recognise(const Safetensors& file) {
  const auto format = file.metadata.find("format");
  if (format != file.metadata.end() && format->second.starts_with("belamy-checkpoint-"))
    return NetworkKind::belamy_checkpoint;
  for (const auto& network : known_networks())
    if (!network.theirs && tensor_fault(file.arrays, network).empty()) return network.kind;
  return NetworkKind::unknown;
}

const KnownNetwork* most_like(const ArrayMap& arrays) {
  const KnownNetwork* nearest = nullptr;
  std::size_t most = 0;
  for (const auto& network : known_networks()) {
    const auto there = count_there(arrays, network);
    if (2 * there >= network.tensors.size() && there > most) {
      nearest = &network;
      most = there;
    }
  }
  if (nearest) return nearest;
  for (const auto& network : known_networks())
    if (has_every_shape(arrays, network)) return &network;
  return nullptr;
}

ArrayMap vgg16_of_torchvision(const ArrayMap& arrays) {
  const auto& theirs = network_of(NetworkKind::vgg16_conv, true).tensors;
  const auto& ours = tensors_of(NetworkKind::vgg16_conv);
  ArrayMap named;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const auto found = arrays.find(theirs[i].name);
    if (found == arrays.end() || found->second.shape != ours[i].shape) return {};
    named[ours[i].name] = found->second;
  }
  return named;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace belamy
