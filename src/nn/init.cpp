#include "nn/init.h"

#include <cmath>
#include <stdexcept>
#include <torch/nn/module.h>

#include "nn/norm.h"

namespace belamy::nn {
namespace {

void fill_normal(torch::Tensor parameter, double mean, double sd, at::Generator& generator) {
  const auto draws =
      torch::randn(parameter.sizes(), generator, torch::TensorOptions().device(generator.device()));
  parameter.copy_(draws.mul_(sd).add_(mean));
}

void fill_uniform(torch::Tensor parameter, double bound, at::Generator& generator) {
  const auto draws =
      torch::rand(parameter.sizes(), generator, torch::TensorOptions().device(generator.device()));
  parameter.copy_(draws.mul_(2 * bound).sub_(bound));
}

void fill_orthogonal(torch::Tensor parameter, double length, at::Generator& generator) {
  const auto rows = parameter.size(0), columns = parameter.numel() / rows;
  const auto draws = torch::randn({std::max(rows, columns), std::min(rows, columns)}, generator,
                                  torch::TensorOptions().device(generator.device()));
  const auto [q, r] = at::linalg_qr(draws);
  const auto oriented = q * r.diagonal().sign();  // so that every orthogonal matrix is as likely
  parameter.copy_((rows < columns ? oriented.t() : oriented).reshape(parameter.sizes()).mul(length));
}

}  // namespace

const std::vector<std::string>& init_names() {
  static const std::vector<std::string> names = {"he", "glorot", "narrow", "wide", "orthogonal"};
  return names;
}

Init init_of(const std::string& name) {
  if (name == "he") return Init::he;
  if (name == "glorot") return Init::glorot;
  if (name == "narrow") return Init::dcgan;
  if (name == "wide") return Init::wide;
  if (name == "orthogonal") return Init::orthogonal;
  throw std::logic_error("no initialisation is called " + name);
}

void initialise(torch::nn::Module& module, Init init, at::Generator generator, double gain) {
  const torch::NoGradGuard no_grad;
  const bool normalises = module.as<Norm>() != nullptr;
  for (auto& item : module.named_parameters(/*recurse=*/false)) {
    auto& parameter = item.value();
    if (parameter.dim() < 2) {              // a bias, or the scale or shift of a normalisation
      if (item.key() == "slope") continue;  // of a PReLU, which has its start already
      const bool scale = item.key() == "scale" || (normalises && item.key() == "weight");
      if (scale && init == Init::dcgan) {
        fill_normal(parameter, 1, 0.02, generator);
      } else {
        parameter.fill_(scale ? 1 : 0);
      }
      continue;
    }
    // [out, in, ...]; a transposed convolution has [in, out, ...], which swaps its fans.
    const double field = static_cast<double>(parameter[0].numel()) / static_cast<double>(parameter.size(1));
    const double fan_in = static_cast<double>(parameter.size(1)) * field;
    const double fan_out = static_cast<double>(parameter.size(0)) * field;
    switch (init) {
      case Init::orthogonal: fill_orthogonal(parameter, gain, generator); break;
      case Init::dcgan: fill_normal(parameter, 0, 0.02, generator); break;
      case Init::unit: fill_normal(parameter, 0, 1, generator); break;
      case Init::wide: fill_normal(parameter, 0, 0.1, generator); break;
      case Init::he: fill_normal(parameter, 0, std::sqrt(2 / fan_in), generator); break;
      case Init::glorot: fill_uniform(parameter, std::sqrt(6 / (fan_in + fan_out)), generator); break;
    }
  }
  for (const auto& child : module.children()) initialise(*child, init, generator, gain);
}

}  // namespace belamy::nn
