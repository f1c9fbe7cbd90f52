#include "train/batches.h"

#include "belamy/error.h"

#include "core/random.h"

namespace belamy {

DataShape shape_of(const Dataset& dataset) {
  return {.channels = dataset.channels,
          .height = dataset.height,
          .width = dataset.width,
          .dimension = dataset.dimension,
          .classes = static_cast<std::int64_t>(dataset.class_names.size()),
          .count = dataset.count};
}

Tensor data_tensor(const Dataset& dataset) {
  if (!dataset.is_images()) {
    return torch::from_blob(const_cast<float*>(dataset.points.data()), {dataset.count, dataset.dimension})
        .clone();
  }
  return torch::from_blob(const_cast<std::uint8_t*>(dataset.pixels.data()),
                          {dataset.count, dataset.channels, dataset.height, dataset.width}, torch::kByte)
      .clone();
}

Tensor to_model_range(const Tensor& stored) {
  if (stored.scalar_type() != torch::kByte) return stored;
  return stored.to(torch::kFloat).mul_(1 / 127.5).sub_(1);
}

Tensor to_bytes(const Tensor& images) {
  return images.to(torch::kFloat).add(1).mul_(127.5).round_().clamp_(0, 255).to(torch::kByte);
}

Batches::Batches(const Dataset& dataset, std::int64_t batch, std::int64_t seed, torch::Device device)
    : count_(dataset.count), batch_(batch), seed_(seed), stored_(data_tensor(dataset).to(device)) {
  if (!dataset.labels.empty()) {
    labels_ = torch::tensor(dataset.labels, torch::kLong).to(device);
  }
}

const Tensor& Batches::permutation(std::int64_t epoch) {
  if (epoch != cached_epoch_) {
    Random random(static_cast<std::uint64_t>(seed_), static_cast<std::uint64_t>(epoch) + (1ull << 32));
    cached_ = torch::tensor(random.permutation(count_), torch::kLong);
    cached_epoch_ = epoch;
  }
  return cached_;
}

Batch Batches::at(std::int64_t number) {
  // The global position runs through the epochs' permutations one after the other.
  std::vector<Tensor> parts;
  for (std::int64_t at = number * batch_, end = at + batch_; at < end;) {
    const auto epoch = at / count_, offset = at % count_;
    const auto take = std::min(end - at, count_ - offset);
    parts.push_back(permutation(epoch).narrow(0, offset, take));
    at += take;
  }
  const auto indices = (parts.size() == 1 ? parts[0] : torch::cat(parts)).to(stored_.device());
  Batch batch;
  batch.data = to_model_range(stored_.index_select(0, indices));
  if (labels_.defined()) batch.labels = labels_.index_select(0, indices);
  batch.indices = indices;
  return batch;
}

Tensor Batches::head(std::int64_t n) const {
  return to_model_range(stored_.narrow(0, 0, std::min(n, count_)));
}

}  // namespace belamy
