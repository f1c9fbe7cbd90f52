#include "nn/flow.h"

#include <cmath>
#include <numbers>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/init.h"

namespace belamy::nn {
namespace {

// Even couplings are conditioned on the first half, odd ones on the second.
std::pair<Tensor, Tensor> halves(const Tensor& x, std::size_t coupling) {
  const auto first = (x.size(1) + 1) / 2;
  const auto a = x.narrow(1, 0, first), b = x.narrow(1, first, x.size(1) - first);
  return coupling % 2 == 0 ? std::pair{a, b} : std::pair{b, a};
}

Tensor joined(const Tensor& given, const Tensor& moved, std::size_t coupling) {
  return coupling % 2 == 0 ? at::cat({given, moved}, 1) : at::cat({moved, given}, 1);
}

}  // namespace

CouplingFlow::CouplingFlow(std::int64_t dimension, std::int64_t couplings, std::int64_t width,
                           at::Generator generator)
    : dimension_(dimension) {
  const auto first = (dimension + 1) / 2;
  for (std::int64_t i = 0; i < couplings; ++i) {
    const auto given = i % 2 == 0 ? first : dimension - first, moved = dimension - given;
    const auto network = register_module("coupling-" + std::to_string(i), std::make_shared<Chain>());
    network->add(std::make_shared<Dense>(given, width)).add(activation("relu"));
    network->add(std::make_shared<Dense>(width, width)).add(activation("relu"));
    const auto last = std::make_shared<Dense>(width, 2 * moved);
    network->add(last);
    initialise(*network, Init::he, generator);
    const torch::NoGradGuard no_grad;
    for (auto& parameter : last->parameters()) parameter.zero_();
    networks_.push_back(network);
  }
}

std::pair<Tensor, Tensor> CouplingFlow::affine(std::size_t coupling, const Tensor& given) const {
  const auto both = networks_[coupling]->forward(given).chunk(2, 1);
  return {2 * at::tanh(both[0] / 2), both[1]};  // at most a scale of e^2 for each coupling
}

std::pair<Tensor, Tensor> CouplingFlow::forward(Tensor z) const {
  auto log_determinant = torch::zeros({z.size(0)}, z.options());
  for (std::size_t i = 0; i < networks_.size(); ++i) {
    const auto [given, moved] = halves(z, i);
    const auto [log_scale, shift] = affine(i, given);
    z = joined(given, moved * log_scale.exp() + shift, i);
    log_determinant = log_determinant + log_scale.sum(1);
  }
  return {z, log_determinant};
}

Tensor CouplingFlow::from_normal(Tensor u) const {
  for (auto i = networks_.size(); i-- > 0;) {
    const auto [given, moved] = halves(u, i);
    const auto [log_scale, shift] = affine(i, given);
    u = joined(given, (moved - shift) * (-log_scale).exp(), i);
  }
  return u;
}

Tensor CouplingFlow::log_density(const Tensor& z) const {
  const auto [u, log_determinant] = forward(z);
  const double constant = 0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(dimension_);
  return log_determinant - 0.5 * u.square().sum(1) - constant;
}

}  // namespace belamy::nn
