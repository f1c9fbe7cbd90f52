#include "store/known_networks.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace belamy {
namespace {

constexpr NetworkKind trained_kinds[] = {NetworkKind::vgg16_conv, NetworkKind::efficientnet_lite0};

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

void add_batch_norm(std::vector<ExpectedTensor>& all, const std::string& name, std::int64_t channels) {
  for (const char* part : {"weight", "bias", "running_mean", "running_var"})
    all.push_back({name + "." + part, {channels}});
}

// The files also hold the count of batches that a norm has seen; nothing uses it.
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

}  // namespace

const char* network_name(NetworkKind kind) {
  switch (kind) {
    case NetworkKind::vgg16_conv: return "vgg16-conv";
    case NetworkKind::efficientnet_lite0: return "efficientnet-lite0";
    case NetworkKind::belamy_checkpoint: return "belamy-checkpoint";
    case NetworkKind::unknown: return "unknown";
  }
  return "";
}

const std::vector<ExpectedTensor>& tensors_of(NetworkKind kind) {
  static const auto vgg16 = vgg16_tensors(), lite0 = lite0_tensors();
  static const std::vector<ExpectedTensor> none;
  switch (kind) {
    case NetworkKind::vgg16_conv: return vgg16;
    case NetworkKind::efficientnet_lite0: return lite0;
    default: return none;
  }
}

std::string tensor_fault(const ArrayMap& arrays, NetworkKind kind) {
  for (const auto& [name, shape] : tensors_of(kind)) {
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

NetworkKind recognise(const Safetensors& file) {
  const auto format = file.metadata.find("format");
  if (format != file.metadata.end() && format->second.starts_with("belamy-checkpoint-"))
    return NetworkKind::belamy_checkpoint;
  for (const auto kind : trained_kinds)
    if (tensor_fault(file.arrays, kind).empty()) return kind;
  return NetworkKind::unknown;
}

NetworkKind most_like(const Safetensors& file) {
  for (const auto kind : trained_kinds) {
    const auto& tensors = tensors_of(kind);
    const auto there = std::count_if(tensors.begin(), tensors.end(), [&](const ExpectedTensor& tensor) {
      return file.arrays.count(tensor.name) > 0;
    });
    if (2 * static_cast<std::size_t>(there) >= tensors.size()) return kind;
  }
  return NetworkKind::unknown;
}

ArrayMap vgg16_of_torchvision(const ArrayMap& arrays) {
  ArrayMap named;
  int layer = 0, group = 1;  // a rectifier follows each convolution, and a pooling each group
  for (const auto& tensor : tensors_of(NetworkKind::vgg16_conv)) {
    const bool weight = tensor.name.ends_with(".weight");
    if (const int now = tensor.name[4] - '0'; now != group) {
      group = now;
      ++layer;
    }
    const auto found =
        arrays.find(fmt::format("features.{}{}", layer, tensor.name.substr(tensor.name.find('.'))));
    if (found == arrays.end() || found->second.shape != tensor.shape) return {};
    named[tensor.name] = found->second;
    if (!weight) layer += 2;
  }
  return named;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace belamy
