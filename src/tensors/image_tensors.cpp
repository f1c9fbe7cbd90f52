#include "tensors/image_tensors.h"

#include <algorithm>

namespace belamy {

Tensor to_model_range(const Tensor& stored) {
  if (stored.scalar_type() != torch::kByte) return stored;
  return stored.to(torch::kFloat).mul_(1 / 127.5).sub_(1);
}

Tensor to_bytes(const Tensor& images) {
  return images.to(torch::kFloat).add(1).mul_(127.5).round_().clamp_(0, 255).to(torch::kByte);
}

Tensor image_tensor(const Image& image) {
  return torch::from_blob(const_cast<std::uint8_t*>(image.pixels.data()),
                          {image.height, image.width, image.channels}, torch::kByte)
      .permute({2, 0, 1})
      .clone(torch::MemoryFormat::Contiguous);  // contiguous() would still be the image's own memory for gray
}

std::vector<Image> to_images(const Tensor& images) {
  const auto bytes = to_bytes(images.detach().cpu()).permute({0, 2, 3, 1}).contiguous();  // [N, H, W, C]
  std::vector<Image> all;
  const auto size = static_cast<std::size_t>(bytes.numel() / std::max<std::int64_t>(bytes.size(0), 1));
  for (std::int64_t i = 0; i < bytes.size(0); ++i) {
    const auto* from = bytes.data_ptr<std::uint8_t>() + static_cast<std::size_t>(i) * size;
    all.push_back({static_cast<int>(bytes.size(2)),
                   static_cast<int>(bytes.size(1)),
                   static_cast<int>(bytes.size(3)),
                   {from, from + size}});
  }
  return all;
}

}  // namespace belamy
