#include "train/batches.h"

#include <fmt/format.h>

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

BatchOrder::BatchOrder(std::int64_t count, std::int64_t batch, std::int64_t seed, std::uint64_t stream)
    : count_(count), batch_(batch), seed_(static_cast<std::uint64_t>(seed)), stream_(stream) {}

Tensor BatchOrder::at(std::int64_t number) {
  // The global position runs through the epochs' permutations one after the other.
  std::vector<Tensor> parts;
  for (std::int64_t at = number * batch_, end = at + batch_; at < end;) {
    const auto epoch = at / count_, offset = at % count_;
    if (epoch != cached_epoch_) {
      Random random(seed_, static_cast<std::uint64_t>(epoch) + (stream_ << 32));
      cached_ = torch::tensor(random.permutation(count_), torch::kLong);
      cached_epoch_ = epoch;
    }
    const auto take = std::min(end - at, count_ - offset);
    parts.push_back(cached_.narrow(0, offset, take));
    at += take;
  }
  return parts.size() == 1 ? parts[0] : torch::cat(parts);
}

namespace {

// `count` places in the data, as many of each class.
std::vector<std::int64_t> choose_labelled(const Dataset& data, std::int64_t count, std::int64_t seed) {
  const auto classes = static_cast<std::int64_t>(data.class_names.size());
  if (data.labels.empty() || classes == 0) {
    throw data_error("'" + data.name + "' has no labels", "data.labelled needs labels; leave it at 0");
  }
  if (count % classes != 0) {
    throw usage_error(
        fmt::format("data.labelled={} is not the same number for each of {} classes", count, classes),
        fmt::format("choose a multiple of {}", classes));
  }
  std::vector<std::int64_t> left(static_cast<std::size_t>(classes), count / classes), chosen;
  for (const auto place : Random(static_cast<std::uint64_t>(seed), 3ull << 32).permutation(data.count)) {
    auto& wanted = left[static_cast<std::size_t>(data.labels[static_cast<std::size_t>(place)])];
    if (wanted > 0) {
      --wanted;
      chosen.push_back(place);
    }
  }
  if (static_cast<std::int64_t>(chosen.size()) < count) {
    throw data_error(fmt::format("'{}' has not {} examples of each class", data.name, count / classes),
                     "choose a smaller data.labelled");
  }
  return chosen;
}

}  // namespace

Batches::Batches(const Dataset& dataset, std::int64_t batch, std::int64_t seed, torch::Device device,
                 std::int64_t labelled, std::int64_t labelled_seed)
    : count_(dataset.count),
      batch_(batch),
      stored_(data_tensor(dataset).to(device)),
      order_(dataset.count, batch, seed, 1) {
  if (!dataset.labels.empty()) labels_ = torch::tensor(dataset.labels, torch::kLong).to(device);
  if (labelled > 0) {
    labelled_ = torch::tensor(choose_labelled(dataset, labelled, labelled_seed), torch::kLong);
    labelled_order_.emplace(labelled, batch, seed, 2);
  }
}

Batch Batches::gather(const Tensor& places, bool with_labels) const {
  const auto indices = places.to(stored_.device());
  Batch batch;
  batch.data = to_model_range(stored_.index_select(0, indices));
  if (with_labels && labels_.defined()) batch.labels = labels_.index_select(0, indices);
  batch.indices = indices;
  return batch;
}

Batch Batches::at(std::int64_t number) {
  auto batch = gather(order_.at(number), !labelled_order_);
  if (labelled_order_) {
    batch.others.push_back(gather(labelled_.index_select(0, labelled_order_->at(number)), true));
  }
  return batch;
}

Tensor Batches::head(std::int64_t n) const {
  return to_model_range(stored_.narrow(0, 0, std::min(n, count_)));
}

}  // namespace belamy
