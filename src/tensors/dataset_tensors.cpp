#include "tensors/dataset_tensors.h"

#include <memory>
#include <utility>

#include "data/captions.h"

namespace belamy {

DataShape shape_of(const Dataset& dataset) {
  DataShape shape{.channels = dataset.channels,
                  .height = dataset.height,
                  .width = dataset.width,
                  .dimension = dataset.dimension,
                  .classes = static_cast<std::int64_t>(dataset.class_names.size()),
                  .count = dataset.count,
                  .class_names = dataset.class_names,
                  .attributes = dataset.attribute_names,
                  .vocabulary = vocabulary_of(dataset.captions),
                  .only_class = dataset.only_class};
  if (dataset.matches) shape.others = {shape};
  for (const auto& other : dataset.others) shape.others.push_back(shape_of(other));
  shape.relation = dataset.matches          ? Relation::matches
                   : dataset.others.empty() ? Relation::none
                   : dataset.paired         ? Relation::pairs
                                            : Relation::domains;
  return shape;
}

namespace {

template <class Values>
Tensor owner_of(Values values, at::IntArrayRef shape) {
  const auto kept = std::make_shared<Values>(std::move(values));
  return torch::from_blob(
      kept->data(), shape, [kept](void*) {}, c10::CppTypeToScalarType<typename Values::value_type>::value);
}

Tensor values_of(const Dataset& d, Pixels pixels, std::vector<float> points) {
  if (!d.is_images()) return owner_of(std::move(points), {d.count, d.dimension});
  return owner_of(std::move(pixels), {d.count, d.channels, d.height, d.width});
}

}  // namespace

Tensor data_tensor(const Dataset& dataset) {
  return values_of(dataset, dataset.pixels, dataset.points);
}

Tensor data_tensor(Dataset&& dataset) {
  return values_of(dataset, std::move(dataset.pixels), std::move(dataset.points));
}

Tensor attribute_tensor(const Dataset& dataset) {
  const auto width = static_cast<std::int64_t>(dataset.attribute_names.size());
  return width == 0 ? Tensor() : owner_of(dataset.attributes, {dataset.count, width});
}

Tensor caption_tensor(const std::vector<std::string>& captions, const std::vector<std::string>& vocabulary) {
  auto tokens = tokens_of(captions, vocabulary);
  return owner_of(std::move(tokens.numbers), {static_cast<std::int64_t>(captions.size()), tokens.length});
}

void ask_for(DataOptions& options, const DataShape& shape) {
  const bool square = shape.width == shape.height;
  options.size = square ? shape.width : 0;
  options.width = square ? 0 : shape.width;
  options.height = square ? 0 : shape.height;
  options.channels = shape.channels;
}

Tensor on_device(const Tensor& tensor, torch::Device device) {
  return device.is_cuda() ? tensor.pin_memory().to(device, /*non_blocking=*/true) : tensor.to(device);
}

}  // namespace belamy
