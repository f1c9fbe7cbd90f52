#include "labs/perceptron.h"

#include "nn/init.h"

namespace belamy::labs {

std::shared_ptr<nn::Chain> perceptron(const std::vector<std::int64_t>& widths, const std::string& unit,
                                      at::Generator generator) {
  auto chain = std::make_shared<nn::Chain>();
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
    if (i > 0) chain->add(nn::activation(unit));
    chain->add(std::make_shared<nn::Dense>(widths[i], widths[i + 1]));
  }
  nn::initialise(*chain, unit == "tanh" ? nn::Init::glorot : nn::Init::he, generator);
  return chain;
}

std::shared_ptr<nn::Chain> critic(std::int64_t in, std::vector<std::int64_t> widths, const std::string& unit,
                                  at::Generator generator) {
  widths.insert(widths.begin(), in);
  widths.push_back(1);
  auto chain = perceptron(widths, unit, generator);
  chain->add([](const Tensor& x) { return x.squeeze(1); });
  return chain;
}

std::vector<double> values_of(const Tensor& tensor) {
  const auto flat = tensor.detach().to(torch::kFloat64).contiguous().view(-1);
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

}  // namespace belamy::labs
