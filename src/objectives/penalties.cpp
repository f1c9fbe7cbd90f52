#include "objectives/penalties.h"

#include <algorithm>
#include <torch/autograd.h>
#include <torch/types.h>

namespace belamy::objectives {
namespace {

// Numbers [N] in a shape that multiplies data [N, ...].
Tensor draw_each(const Tensor& points, at::Generator generator) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(points.dim()), 1);
  sizes[0] = points.size(0);
  return torch::rand(sizes, generator, points.options().requires_grad(false));
}

struct Judged {
  Tensor output;         // [N]
  Tensor squared_norms;  // [N]
};

Judged judge_with_gradient(const Judge& judge, const Tensor& points) {
  const auto x = points.detach().requires_grad_();
  const auto output = judge(x);
  const auto gradient = torch::autograd::grad({output.sum()}, {x}, {}, true, /*create_graph=*/true)[0];
  return {output, gradient.flatten(1).square().sum(1)};
}

// The root has an infinite slope at zero; the small number keeps a dead discriminator's gradient finite.
Tensor norms(const Tensor& squared) {
  return (squared + 1e-12).sqrt();
}

}  // namespace

Tensor squared_gradient_norms(const Judge& judge, const Tensor& points) {
  return judge_with_gradient(judge, points).squared_norms;
}

Tensor gradient_penalty(const Judge& judge, const Tensor& real, const Tensor& fake, bool one_sided,
                        at::Generator generator) {
  const auto n = std::min(real.size(0), fake.size(0));
  const auto x = real.detach().narrow(0, 0, n), y = fake.detach().narrow(0, 0, n);
  const auto excess = norms(squared_gradient_norms(judge, y + draw_each(x, generator) * (x - y))) - 1;
  return (one_sided ? torch::relu(excess) : excess).square().mean();
}

Tensor dragan(const Judge& judge, const Tensor& real, at::Generator generator) {
  const auto x = real.detach();
  const auto u = torch::rand(x.sizes(), generator, x.options());
  return (norms(squared_gradient_norms(judge, x + 0.5 * x.std() * u)) - 1).square().mean();
}

Tensor zero_centred(const Judge& judge, const Tensor& points) {
  return 0.5 * squared_gradient_norms(judge, points).mean();
}

Tensor roth(const Judge& judge, const Tensor& real, const Tensor& fake) {
  const auto x = judge_with_gradient(judge, real), y = judge_with_gradient(judge, fake);
  return 0.5 * (((1 - x.output.sigmoid()).square() * x.squared_norms).mean() +
                (y.output.sigmoid().square() * y.squared_norms).mean());
}

Tensor consensus(const Tensor& discriminator_loss, const std::vector<Tensor>& discriminator,
                 const Tensor& generator_loss, const std::vector<Tensor>& generator) {
  Tensor sum;
  const auto add = [&](const Tensor& loss, const std::vector<Tensor>& parameters) {
    for (const auto& g : torch::autograd::grad({loss}, parameters, {}, true, /*create_graph=*/true, true)) {
      if (g.defined()) sum = sum.defined() ? sum + g.square().sum() : g.square().sum();
    }
  };
  add(discriminator_loss, discriminator);
  add(generator_loss, generator);
  return 0.5 * sum;
}

}  // namespace belamy::objectives
