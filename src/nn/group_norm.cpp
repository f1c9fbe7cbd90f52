#include "nn/group_norm.h"

#include <algorithm>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <vector>

#include "core/parallel.h"
#include "nn/group_norm_kernel.h"
#include "nn/plain_gradients.h"
#include "nn/products.h"
#include "nn/substitution.h"

namespace belamy::nn {
namespace {

constexpr double kGroupEpsilon = 1e-5;
constexpr std::int64_t kGroupGrain = 16384;  // values that are worth a thread
constexpr std::int64_t kGroupWidth = 8, kMostGroups = 32;

Tensor plain_group_norm(const Tensor& x, std::int64_t groups, const Tensor& scale, const Tensor& shift,
                        bool plain) {
  const auto y = at::group_norm(x.to(torch::kFloat), groups, {}, {}, kGroupEpsilon, false) *
                     scale.unsqueeze(2).unsqueeze(3) +
                 shift.unsqueeze(2).unsqueeze(3);
  return plain ? y : at::silu(y);
}

Tensor channels_last(const Tensor& x) {
  return x.contiguous(torch::MemoryFormat::ChannelsLast);
}

// use(example, buffer of 4 channels)
template <class F>
void for_examples(const Tensor& x, F use) {
  const auto each = std::max<std::int64_t>(1, x.numel() / x.size(0));
  parallel_for(0, x.size(0), std::max<std::int64_t>(1, kGroupGrain / each),
               [&](std::int64_t first, std::int64_t last) {
                 std::vector<float> buffer(static_cast<std::size_t>(4 * x.size(1)));
                 for (auto n = first; n < last; ++n) use(n, buffer.data());
               });
}

struct FusedGroupNorm : torch::autograd::Function<FusedGroupNorm> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& input, const Tensor& scale,
                        const Tensor& shift, std::int64_t groups, bool plain) {
    const auto x = channels_last(input), a = scale.contiguous(), b = shift.contiguous();
    const auto y = at::empty_like(x);
    const auto statistics = at::empty({2, x.size(0), groups}, a.options().requires_grad(false));
    const GroupShape shape{x.size(2) * x.size(3), x.size(1), groups};
    const auto each = shape.places * shape.channels;
    const auto *const from = x.data_ptr<float>(), *const factor = a.data_ptr<float>(),
                      *const offset = b.data_ptr<float>();
    auto *const to = y.data_ptr<float>(), *const mean = statistics.data_ptr<float>();
    auto* const precision = mean + x.size(0) * groups;
    for_examples(x, [&](std::int64_t n, float* buffer) {
      group_norm_forward(shape, plain, static_cast<float>(kGroupEpsilon), from + n * each,
                         factor + n * shape.channels, offset + n * shape.channels, to + n * each,
                         mean + n * groups, precision + n * groups, buffer);
    });
    ctx->save_for_backward({input, scale, shift, statistics});
    ctx->saved_data["groups"] = groups;
    ctx->saved_data["plain"] = plain;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &input = saved[0], &scale = saved[1], &shift = saved[2], &statistics = saved[3];
    const auto groups = ctx->saved_data["groups"].toInt();
    const bool plain = ctx->saved_data["plain"].toBool();
    if (torch::GradMode::is_enabled()) {  // the gradient must be differentiable
      const auto again = [&] { return plain_group_norm(input, groups, scale, shift, plain); };
      return plain_gradients(again, {input, scale, shift}, grads[0], 5);
    }
    const auto x = channels_last(input), gradient = channels_last(grads[0]);
    const auto a = scale.contiguous(), b = shift.contiguous();
    const auto by_x = at::empty_like(x), by_scale = at::empty_like(a), by_shift = at::empty_like(b);
    const GroupShape shape{x.size(2) * x.size(3), x.size(1), groups};
    const auto each = shape.places * shape.channels;
    const auto *const from = x.data_ptr<float>(), *const factor = a.data_ptr<float>(),
                      *const offset = b.data_ptr<float>(), *const above = gradient.data_ptr<float>(),
                      *const mean = statistics.data_ptr<float>();
    const auto* const precision = mean + x.size(0) * groups;
    auto *const to = by_x.data_ptr<float>(), *const to_scale = by_scale.data_ptr<float>(),
                *const to_shift = by_shift.data_ptr<float>();
    for_examples(x, [&](std::int64_t n, float* buffer) {
      const auto row = n * shape.channels;
      group_norm_backward(shape, plain, from + n * each, factor + row, offset + row, mean + n * groups,
                          precision + n * groups, above + n * each, to + n * each, to_scale + row,
                          to_shift + row, buffer);
    });
    return {by_x, by_scale, by_shift, {}, {}};
  }
};

}  // namespace

Tensor group_norm(const Tensor& x, std::int64_t groups, const Tensor& scale, const Tensor& shift,
                  bool plain) {
  const bool fits = x.device().is_cpu() && x.scalar_type() == torch::kFloat &&
                    scale.scalar_type() == torch::kFloat && shift.scalar_type() == torch::kFloat;
  if (fits && fast_paths() && x.numel() > 0) return FusedGroupNorm::apply(x, scale, shift, groups, plain);
  return plain_group_norm(x, groups, scale, shift, plain);
}

GroupNorm::GroupNorm(std::int64_t channels, bool plain) : groups_(groups_of(channels)), plain_(plain) {
  scale_ = register_parameter("scale", torch::ones({channels}));
  shift_ = register_parameter("shift", torch::zeros({channels}));
}

std::int64_t GroupNorm::groups_of(std::int64_t channels) {
  auto groups = std::clamp<std::int64_t>(channels / kGroupWidth, 1, kMostGroups);
  while (channels % groups != 0) --groups;
  return groups;
}

Tensor GroupNorm::forward(const Tensor& x, const Tensor& condition) {
  const auto &scale = present(scale_), &shift = present(shift_);
  if (!condition.defined()) {
    const std::vector<std::int64_t> sizes = {x.size(0), x.size(1)};
    return group_norm(x, groups_, scale.expand(sizes), shift.expand(sizes), plain_);
  }
  const auto halves = condition.chunk(2, 1);
  const auto factor = halves[0] + 1;
  return group_norm(x, groups_, factor * scale, at::addcmul(halves[1], factor, shift), plain_);
}

}  // namespace belamy::nn
