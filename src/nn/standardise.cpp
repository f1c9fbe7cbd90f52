#include "nn/standardise.h"

#include <cmath>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/parallel.h"
#include "nn/norm_kernel.h"
#include "nn/plain_gradients.h"
#include "nn/products.h"
#include "tensors/dataset_tensors.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kNormGrain = 16384;  // values that are worth a thread

NormShape shape_of(const Tensor& x, bool each_example) {
  const auto n = x.size(0), c = x.size(1), inner = n * c > 0 ? x.numel() / (n * c) : 0;
  return each_example ? NormShape{1, n * c, inner} : NormShape{n, c, inner};
}

// Calls use(first, last) for ranges of channels. A plane stays in the cache between the passes over it;
// columns are read side by side.
template <class F>
void for_channels(const NormShape& shape, F use) {
  const auto grain =
      std::max<std::int64_t>(1, kNormGrain / std::max<std::int64_t>(1, shape.batch * shape.inner));
  parallel_for(0, shape.channels, grain, [&](std::int64_t first, std::int64_t last) {
    if (shape.inner == 1) return use(first, last);
    for (auto c = first; c < last; ++c) use(c, c + 1);
  });
}

// [C], repeated for each example where examples are normalised separately.
Tensor for_each_group(const Tensor& of_channels, const NormShape& shape) {
  const auto repeats = shape.channels / std::max<std::int64_t>(1, of_channels.size(0));
  return repeats == 1 ? of_channels.contiguous() : of_channels.repeat({repeats});
}

Tensor plain(const Tensor& x, const Tensor& weight, const Tensor& bias, bool each_example, double epsilon,
             double slope) {
  const auto y = each_example
                     ? at::instance_norm(x, weight, bias, {}, {}, true, 0, epsilon, /*cudnn_enabled=*/false)
                     : at::batch_norm(x, weight, bias, {}, {}, true, 0, epsilon, /*cudnn_enabled=*/false);
  return slope == 1 ? y : at::leaky_relu(y, slope);
}

struct Standardise : torch::autograd::Function<Standardise> {
  // Writes mean, variance, scale and shift to `statistics` [4, groups].
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& input, const Tensor& weight,
                        const Tensor& bias, const Tensor& statistics, bool each_example, double epsilon,
                        double slope) {
    const auto x = input.contiguous();
    const auto shape = shape_of(x, each_example);
    const auto y = at::empty_like(x);
    const auto w = for_each_group(weight, shape), b = for_each_group(bias, shape);
    auto* const mean = statistics.data_ptr<float>();
    auto *const variance = mean + shape.channels, *const scale = variance + shape.channels,
                *const shift = scale + shape.channels;
    const NormMap map{scale, shift, static_cast<float>(slope)};
    for_channels(shape, [&](std::int64_t first, std::int64_t last) {
      norm_moments(shape, x.data_ptr<float>(), mean, variance, first, last);
      for (auto c = first; c < last; ++c) {
        scale[c] = static_cast<float>(w.data_ptr<float>()[c] / std::sqrt(variance[c] + epsilon));
        shift[c] = b.data_ptr<float>()[c] - mean[c] * scale[c];
      }
      norm_apply(shape, map, x.data_ptr<float>(), y.data_ptr<float>(), first, last);
    });
    ctx->save_for_backward({input, weight, bias, statistics});
    ctx->saved_data["each_example"] = each_example;
    ctx->saved_data["epsilon"] = epsilon;
    ctx->saved_data["slope"] = slope;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &input = saved[0], &weight = saved[1], &bias = saved[2], &statistics = saved[3];
    const bool each_example = ctx->saved_data["each_example"].toBool();
    const double epsilon = ctx->saved_data["epsilon"].toDouble(), slope = ctx->saved_data["slope"].toDouble();
    if (torch::GradMode::is_enabled()) {  // the gradient must be differentiable
      const auto again = [&] { return plain(input, weight, bias, each_example, epsilon, slope); };
      return plain_gradients(again, {input, weight, bias}, grads[0], 7);
    }

    const auto x = input.contiguous(), gradient = grads[0].contiguous();
    const auto shape = shape_of(x, each_example);
    const auto* const mean = statistics.data_ptr<float>();
    const auto *const variance = mean + shape.channels, *const scale = variance + shape.channels,
                      *const shift = scale + shape.channels;
    const NormMap map{scale, shift, static_cast<float>(slope)};
    const auto sums = at::empty({4, shape.channels}, x.options());
    auto *const sum = sums.data_ptr<float>(), *const product = sum + shape.channels,
                *const level = product + shape.channels, *const tilt = level + shape.channels;
    const bool further = ctx->needs_input_grad(0);
    const auto into = further ? at::empty_like(x) : Tensor();
    const double count = static_cast<double>(shape.batch) * static_cast<double>(shape.inner);
    for_channels(shape, [&](std::int64_t first, std::int64_t last) {
      norm_sums(shape, map, x.data_ptr<float>(), mean, gradient.data_ptr<float>(), sum, product, first, last);
      for (auto c = first; c < last; ++c) {
        const double precision = 1 / (variance[c] + epsilon);
        level[c] = static_cast<float>(sum[c] / count);
        tilt[c] = static_cast<float>(-scale[c] * precision * product[c] / count);
        product[c] = static_cast<float>(product[c] * std::sqrt(precision));  // by the standardised value
      }
      if (!further) return;
      norm_gradient(shape, map, x.data_ptr<float>(), mean, gradient.data_ptr<float>(), level, tilt,
                    into.data_ptr<float>(), first, last);
    });
    const auto of_channels = [&](std::int64_t row) {
      const auto groups = sums.select(0, row);
      return each_example ? groups.view({-1, weight.size(0)}).sum(0) : groups;
    };
    return {into, of_channels(1), of_channels(0), {}, {}, {}, {}};
  }
};

}  // namespace

bool can_standardise(const Tensor& x, const Tensor& weight) {
  return fast_paths() && x.device().is_cpu() && x.scalar_type() == torch::kFloat &&
         weight.scalar_type() == torch::kFloat && x.dim() >= 2 && x.numel() > 0;
}

Standardisation standardise(const Tensor& x, const Tensor& weight, const Tensor& bias, Standardised over,
                            double epsilon, double slope) {
  const bool each_example = over == Standardised::over_example;
  const auto statistics =
      at::empty({4, shape_of(x, each_example).channels}, x.options().requires_grad(false));
  const auto y = Standardise::apply(x, weight, bias, statistics, each_example, epsilon, slope);
  return {y, statistics[0], statistics[1]};
}

}  // namespace belamy::nn
