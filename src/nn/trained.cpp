#include "nn/trained.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "belamy/config.h"
#include "belamy/error.h"

#include "tensors/arrays.h"

namespace belamy {
namespace {

constexpr double kNormEpsilon = 1e-3;  // TensorFlow's

Error unfit(const std::string& origin, NetworkKind kind, const std::string& fault) {
  return data_error(fmt::format("'{}' does not hold {}: {}", origin, network_name(kind), fault),
                    fmt::format("'belamy weights info {}' lists the tensors that it has", origin));
}

}  // namespace

namespace nn {

std::map<std::string, Tensor> trained_tensors(const Safetensors& file, const std::string& origin,
                                              NetworkKind kind) {
  if (const auto fault = tensor_fault(file.arrays, kind); !fault.empty()) throw unfit(origin, kind, fault);
  std::map<std::string, Tensor> tensors;
  for (const auto& [name, shape] : tensors_of(kind)) {
    auto tensor = array_tensor(file.arrays.at(name)).to(torch::kFloat, /*non_blocking=*/false, /*copy=*/true);
    if (!torch::isfinite(tensor).all().item<bool>())
      throw unfit(origin, kind, fmt::format("tensor '{}' holds a value that is not finite", name));
    tensors.emplace(name, std::move(tensor));
  }
  return tensors;
}

FoldedConvolution folded(const std::map<std::string, Tensor>& tensors, const std::string& convolution,
                         const std::string& norm, torch::Device device) {
  const auto of = [&](const std::string& part) { return tensors.at(norm + part).to(torch::kDouble); };
  const auto scale = of(".weight") * (of(".running_var") + kNormEpsilon).rsqrt();
  const auto weight = tensors.at(convolution + ".weight").to(torch::kDouble) * scale.view({-1, 1, 1, 1});
  const auto bias = of(".bias") - of(".running_mean") * scale;
  return {weight.to(device, torch::kFloat).contiguous(torch::MemoryFormat::ChannelsLast),
          bias.to(device, torch::kFloat)};
}

Tensor coloured(const Tensor& images, const std::string& network) {
  const bool fits = images.dim() == 4 && (images.size(1) == 1 || images.size(1) == 3) &&
                    images.is_floating_point() && images.size(2) > 0 && images.size(3) > 0;
  if (!fits)
    throw usage_error(fmt::format("{} takes images [N, 1 or 3, H, W] in [-1, 1], not {} {}", network,
                                  toString(images.scalar_type()), shape_text(images.sizes().vec())));
  return images.to(torch::kFloat).expand({images.size(0), 3, images.size(2), images.size(3)});
}

std::vector<std::size_t> places_of(const std::vector<std::string>& names,
                                   const std::vector<std::string>& known, const std::string& network) {
  std::vector<std::size_t> places;
  for (const auto& name : names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end()) {
      const auto near = nearest(name, known);
      throw usage_error(fmt::format("{} has no layer '{}'", network, name),
                        near.empty() ? fmt::format("it has {}", fmt::join(known, ", "))
                                     : fmt::format("did you mean '{}'?", near));
    }
    places.push_back(static_cast<std::size_t>(found - known.begin()));
  }
  return places;
}

Tensor resized(const Tensor& images, std::int64_t height, std::int64_t width) {
  if (images.size(2) == height && images.size(3) == width) return images;
  return at::_upsample_bilinear2d_aa(images, {height, width}, /*align_corners=*/false);
}

}  // namespace nn
}  // namespace belamy
