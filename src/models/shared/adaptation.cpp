#include "models/shared/adaptation.h"

#include "models/shared/labels.h"
#include "nn/init.h"

namespace belamy::models {
namespace {

constexpr std::int64_t kKernel = 5;

void add_convolution(nn::Chain& net, std::int64_t in, std::int64_t out) {
  net.add(std::make_shared<nn::Conv>(in, out, kKernel, 1, 0, /*bias=*/true));
  net.add([](const Tensor& x) { return at::max_pool2d(x, 2).relu_(); });
}

// The side of the map after both blocks.
std::int64_t left_of(std::int64_t side) {
  for (int i = 0; i < 2; ++i) side = (side - kKernel + 1) / 2;
  return side;
}

}  // namespace

void LenetConfig::fields(Fields& f) {
  f.add("conv1", conv1, {1, 1024}, "channels of the first convolution");
  f.add("conv2", conv2, {1, 1024}, "channels of the second convolution");
  f.add("features", features, {1, 65536}, "units of the dense layer: the features");
}

std::shared_ptr<nn::Chain> lenet_bottom(const DataShape& shape, const LenetConfig& config) {
  const auto net = std::make_shared<nn::Chain>();
  add_convolution(*net, shape.channels, config.conv1);
  return net;
}

std::shared_ptr<nn::Chain> lenet_top(const DataShape& shape, const LenetConfig& config) {
  const auto net = std::make_shared<nn::Chain>();
  add_convolution(*net, config.conv1, config.conv2);
  net->add([](const Tensor& x) { return x.flatten(1); });
  const auto width = config.conv2 * left_of(shape.height) * left_of(shape.width);
  net->add(std::make_shared<nn::Dense>(width, config.features)).add(nn::activation("relu"));
  return net;
}

Lenet::Lenet(const DataShape& shape, const LenetConfig& config, at::Generator generator) {
  encoder_ = register_module("encoder", std::make_shared<nn::Chain>());
  encoder_->add(lenet_bottom(shape, config)).add(lenet_top(shape, config));
  classifier_ = register_module("classifier", std::make_shared<nn::Dense>(config.features, shape.classes));
  nn::initialise(*this, nn::Init::glorot, generator);
}

void AdversaryConfig::fields(Fields& f) {
  LenetConfig::fields(f);
  f.add("adversary", adversary, {1, 8192}, "widths of the hidden layers of the domain discriminator");
}

std::shared_ptr<nn::Chain> make_adversary(const AdversaryConfig& config, std::int64_t inputs,
                                          at::Generator generator) {
  const auto net = std::make_shared<nn::Chain>();
  auto width = inputs;
  for (const auto next : config.adversary) {
    net->add(std::make_shared<nn::Dense>(width, next)).add(nn::activation("relu"));
    width = next;
  }
  net->add(std::make_shared<nn::Dense>(width, 1));
  nn::initialise(*net, nn::Init::glorot, generator);
  return net;
}

LenetModel::LenetModel(const DataShape& shape, const LenetConfig& config, at::Generator generator)
    : classes_(shape.classes), code_size_(config.features) {
  network_ = register_module("network", std::make_shared<Lenet>(shape, config, generator));
  add_player("network", {network_});
}

JudgedLenet::JudgedLenet(const DataShape& shape, const AdversaryConfig& config, at::Generator generator)
    : LenetModel(shape, config, generator) {
  adversary_ = register_module("adversary", make_adversary(config, config.features, generator));
  add_player("adversary", {adversary_});
}

Fault check_adaptation(const DataShape& shape, const Recipe&) {
  if (auto wrong = check_labels(shape)) return wrong;
  const auto& target = shape.others.at(0);
  if (target.channels != shape.channels)
    return {"one domain is in colour, the other is gray", {"data.channels=1"}};
  return {};
}

ImageSides adaptation_sides(const Recipe&) {
  return {.smallest = 16};
}

}  // namespace belamy::models
