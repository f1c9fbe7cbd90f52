#include "tensors/stored_examples.h"

#include "tensors/dataset_tensors.h"

namespace belamy {

StoredExamples::StoredExamples(Dataset&& set, torch::Device device) : device_(device) {
  if (!set.pixels.on_disk()) {
    values_ = data_tensor(std::move(set)).to(device);
    return;
  }
  auto file = std::make_shared<Pixels>(std::move(set.pixels));
  row_bytes_ = set.channels * set.height * set.width;
  values_ = torch::from_blob(file->data(), {set.count, set.channels, set.height, set.width}, torch::kUInt8);
  file_ = std::move(file);
}

Tensor StoredExamples::rows(const Tensor& places, const Tensor& on_the_device) const {
  if (!file_) return values_.index_select(0, on_the_device);
  auto shape = values_.sizes().vec();
  shape[0] = places.size(0);
  const auto found = torch::empty(shape, torch::kUInt8);
  const auto* place = places.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < shape[0]; ++i)
    file_->read(static_cast<std::size_t>(place[i] * row_bytes_), static_cast<std::size_t>(row_bytes_),
                found.data_ptr<std::uint8_t>() + i * row_bytes_);
  return on_device(found, device_);
}

void StoredExamples::expect(const Tensor& places) const {
  if (!file_) return;
  const auto* place = places.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < places.size(0); ++i)
    file_->expect(static_cast<std::size_t>(place[i] * row_bytes_), static_cast<std::size_t>(row_bytes_));
}

}  // namespace belamy
