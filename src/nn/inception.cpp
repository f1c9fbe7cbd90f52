#include "nn/inception.h"

#include <fmt/format.h>
#include <set>
#include <torch/types.h>

#include "belamy/error.h"

namespace belamy::nn {
namespace {

// These do not pad; all others keep the size.
const std::set<std::string> kHalving = {"Conv2d_1a_3x3", "Mixed_6a.branch3x3", "Mixed_6a.branch3x3dbl_3",
                                        "Mixed_7a.branch3x3_2", "Mixed_7a.branch7x7x3_4"};
const std::set<std::string> kCropping = {"Conv2d_2a_3x3", "Conv2d_4a_3x3"};

Tensor mean_around(const Tensor& x) {
  return at::avg_pool2d(x, 3, 1, 1, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

Tensor max_halved(const Tensor& x) {
  return at::max_pool2d(x, 3, 2);
}

// Bilinear along one dimension as TensorFlow 1 does it: place i lies at i * size / side of the source.
Tensor stretched(const Tensor& x, std::int64_t dimension) {
  const auto size = x.size(dimension);
  const auto places = torch::arange(Inception::side, x.options()) *
                      static_cast<float>(static_cast<double>(size) / static_cast<double>(Inception::side));
  const auto low = places.to(torch::kLong);
  const auto high = (low + 1).clamp_max(size - 1);
  std::vector<std::int64_t> along(static_cast<std::size_t>(x.dim()), 1);
  along[static_cast<std::size_t>(dimension)] = Inception::side;
  const auto a = x.index_select(dimension, low), b = x.index_select(dimension, high);
  return a + (b - a) * (places - low.to(x.scalar_type())).view(along);
}

}  // namespace

Inception::Inception(const Safetensors& file, const std::string& origin, torch::Device device) {
  const auto tensors = trained_tensors(file, origin, NetworkKind::inception);
  const std::string weight = ".conv.weight";
  for (const auto& tensor : tensors_of(NetworkKind::inception)) {
    if (!tensor.name.ends_with(weight)) continue;
    const auto name = tensor.name.substr(0, tensor.name.size() - weight.size());
    auto [folded_weight, bias] = folded(tensors, name + ".conv", name + ".bn", device);
    const bool halves = kHalving.count(name) > 0;
    units_[name] = {std::move(folded_weight), std::move(bias), halves ? 2 : 1,
                    !halves && kCropping.count(name) == 0};
  }
  weight_ = tensors.at("fc.weight").to(device);
}

Tensor Inception::input(const Tensor& bytes, Input kind) {
  if (bytes.dim() != 4 || (bytes.size(1) != 1 && bytes.size(1) != 3) || bytes.scalar_type() != torch::kByte ||
      bytes.size(2) == 0 || bytes.size(3) == 0)
    throw usage_error(fmt::format("Inception takes images [N, 1 or 3, H, W] of bytes, not {} {}",
                                  toString(bytes.scalar_type()), shape_text(bytes.sizes().vec())));
  const auto x = bytes.to(torch::kFloat).expand({bytes.size(0), 3, bytes.size(2), bytes.size(3)});
  if (kind == Input::tensorflow) return (stretched(stretched(x, 3), 2) - 128) / 128;
  const auto unit = x / 255;
  const bool fits = x.size(2) == side && x.size(3) == side;
  return 2 * (fits ? unit : at::upsample_bilinear2d(unit, {side, side}, /*align_corners=*/false)) - 1;
}

Tensor Inception::chain(const std::string& block, std::initializer_list<const char*> units, Tensor x) const {
  for (const auto* name : units) {
    const auto& unit = units_.at(block + name);
    const auto around = [&](std::int64_t dimension) {
      return unit.padded ? unit.weight.size(dimension) / 2 : 0;
    };
    x = at::conv2d(x, unit.weight, unit.bias, unit.stride, {around(2), around(3)}).relu_();
  }
  return x;
}

// Blocks at 35x35, 17x17 and 8x8 places of an image of 299x299.
Tensor Inception::at_35(const std::string& block, const Tensor& x) const {
  return torch::cat({chain(block, {"branch1x1"}, x), chain(block, {"branch5x5_1", "branch5x5_2"}, x),
                     chain(block, {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x),
                     chain(block, {"branch_pool"}, mean_around(x))},
                    1);
}

Tensor Inception::at_17(const std::string& block, const Tensor& x) const {
  return torch::cat(
      {chain(block, {"branch1x1"}, x), chain(block, {"branch7x7_1", "branch7x7_2", "branch7x7_3"}, x),
       chain(block,
             {"branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"}, x),
       chain(block, {"branch_pool"}, mean_around(x))},
      1);
}

Tensor Inception::at_8(const std::string& block, const Tensor& x, bool pools_maximum) const {
  const auto once = chain(block, {"branch3x3_1"}, x);
  const auto twice = chain(block, {"branch3x3dbl_1", "branch3x3dbl_2"}, x);
  const auto pooled = pools_maximum ? at::max_pool2d(x, 3, 1, 1) : mean_around(x);
  return torch::cat({chain(block, {"branch1x1"}, x), chain(block, {"branch3x3_2a"}, once),
                     chain(block, {"branch3x3_2b"}, once), chain(block, {"branch3x3dbl_3a"}, twice),
                     chain(block, {"branch3x3dbl_3b"}, twice), chain(block, {"branch_pool"}, pooled)},
                    1);
}

Tensor Inception::features(const Tensor& images) const {
  auto x = chain("", {"Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3"},
                 images.contiguous(torch::MemoryFormat::ChannelsLast));
  x = max_halved(chain("", {"Conv2d_3b_1x1", "Conv2d_4a_3x3"}, max_halved(x)));
  for (const char* block : {"Mixed_5b.", "Mixed_5c.", "Mixed_5d."}) x = at_35(block, x);
  x = torch::cat(
      {chain("Mixed_6a.", {"branch3x3"}, x),
       chain("Mixed_6a.", {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x), max_halved(x)},
      1);
  for (const char* block : {"Mixed_6b.", "Mixed_6c.", "Mixed_6d.", "Mixed_6e."}) x = at_17(block, x);
  x = torch::cat({chain("Mixed_7a.", {"branch3x3_1", "branch3x3_2"}, x),
                  chain("Mixed_7a.", {"branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"}, x),
                  max_halved(x)},
                 1);
  x = at_8("Mixed_7b.", x, false);
  return at_8("Mixed_7c.", x, true).mean({2, 3});
}

Tensor Inception::unbiased_logits(const Tensor& features) const {
  return features.matmul(weight_.t());
}

}  // namespace belamy::nn
