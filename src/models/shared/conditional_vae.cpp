#include "models/shared/conditional_vae.h"

#include "models/shared/labels.h"

namespace belamy::models {
namespace {

// Data joined with the class: as further channels (`planes`), or as further values.
DataShape joined_shape(DataShape shape, std::int64_t classes, bool planes) {
  if (planes) {
    shape.channels += classes;
    return shape;
  }
  return {.dimension = shape.values() + classes};
}

}  // namespace

ConditionalVae::ConditionalVae(const DataShape& shape, std::int64_t classes, const VariationalConfig& config,
                               at::Generator generator)
    : classes_(classes),
      code_(config.code),
      planes_(config.network == "convolutional"),
      observation_(config, shape) {
  encoder_ = register_module(
      "encoder", make_encoder(joined_shape(shape, classes, planes_), config, 2 * config.code, generator));
  CodeConfig wider = config;
  wider.code += classes;
  decoder_ = register_module("decoder", make_decoder(observation_.decoder_shape(), wider, generator));
}

GaussianCode ConditionalVae::code(const Tensor& data, const Tensor& told) {
  Tensor both;
  if (planes_) {
    const auto planes = told.unsqueeze(2).unsqueeze(3).expand({-1, -1, data.size(2), data.size(3)});
    both = at::cat({data, planes}, 1);
  } else {
    both = at::cat({data.flatten(1), told}, 1);
  }
  return GaussianCode::of(encoder_->forward(both));
}

Tensor ConditionalVae::decode(const Tensor& z, const Tensor& told) {
  return decoder_->forward(at::cat({z, told}, 1));
}

ConditionalVae::Bound ConditionalVae::bound(const Tensor& data, const Tensor& told,
                                            const at::Generator& generator) {
  const auto q = code(data, told);
  const auto z = generator.defined() ? q.draw(generator) : q.mean;
  return {observation_.log_likelihood(data, decode(z, told)), q.kl()};
}

Tensor ConditionalVae::bound_of_classes(const Tensor& data, const at::Generator& generator) {
  const auto n = data.size(0);
  // repeat_interleave would read its sizes back from the device.
  const auto rows =
      torch::stack(std::vector<Tensor>(static_cast<std::size_t>(classes_), data), 1).flatten(0, 1);
  const auto told = torch::eye(classes_, data.options()).repeat({n, 1});
  return bound(rows, told, generator).total().view({n, classes_});
}

Tensor ConditionalVae::one_hot(const Tensor& labels) const {
  return at::one_hot(labels, classes_).to(torch::kFloat);
}

Tensor ConditionalVae::classes_of(const SampleRequest& request) const {
  return one_hot(asked_labels(request, classes_));
}

}  // namespace belamy::models
