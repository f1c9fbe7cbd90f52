#include "nn/gate.h"

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/parallel.h"
#include "nn/gate_kernel.h"
#include "nn/plain_gradients.h"
#include "nn/products.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kGateGrain = 4096;  // outputs that are worth a thread: each takes two exponentials

Tensor plain_gate(const Tensor& x, const Tensor& more) {
  const auto halves = (more.defined() ? x + more : x).chunk(2, 1);
  return torch::tanh(halves[0]) * torch::sigmoid(halves[1]);
}

// Channels innermost and rows of pixels without gaps.
bool has_lines(const Tensor& x) {
  return x.stride(1) == 1 && x.stride(3) == x.size(1) && x.size(1) > 1;
}

bool suits_gate(const Tensor& x, const Tensor& more) {
  const auto suits = [](const Tensor& t) {
    return t.device().is_cpu() && t.scalar_type() == torch::kFloat && t.dim() == 4 && has_lines(t);
  };
  return fast_paths() && suits(x) && (!more.defined() || (suits(more) && more.sizes() == x.sizes()));
}

// Calls use(line, place) for the line of each row of each image; `place` counts the pixels before it.
template <class F>
void each_line(const Tensor& x, const Tensor& more, const F& use) {
  const auto rows = x.size(2), width = x.size(3), line = std::max<std::int64_t>(1, width * x.size(1) / 2);
  const auto* values = x.data_ptr<float>();
  const auto* others = more.defined() ? more.data_ptr<float>() : nullptr;
  const auto other_n = more.defined() ? more.stride(0) : 0, other_h = more.defined() ? more.stride(2) : 0;
  parallel_for(0, x.size(0) * rows, kGateGrain / line + 1, [&](std::int64_t first, std::int64_t last) {
    for (auto i = first; i < last; ++i) {
      const auto n = i / rows, h = i % rows;
      use(GateLine{values + n * x.stride(0) + h * x.stride(2),
                   others ? others + n * other_n + h * other_h : nullptr},
          i * width);
    }
  });
}

Tensor empty_image(const Tensor& like, std::int64_t channels) {
  return at::empty({like.size(0), channels, like.size(2), like.size(3)},
                   like.options().memory_format(torch::MemoryFormat::ChannelsLast));
}

// An autograd function takes no undefined tensor: an empty one stands for "nothing more".
struct Gate : torch::autograd::Function<Gate> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& more) {
    ctx->save_for_backward({x, more});
    return compute(x, more.numel() > 0 ? more : Tensor());
  }
  static Tensor compute(const Tensor& x, const Tensor& more) {
    const auto c = x.size(1) / 2;
    const auto y = empty_image(x, c);
    auto* out = y.data_ptr<float>();
    each_line(x, more, [&](const GateLine& line, std::int64_t place) {
      gate_line(line, x.size(3), c, out + place * c);
    });
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto& x = saved[0];
    const auto more = saved[1].numel() > 0 ? saved[1] : Tensor();
    if (torch::GradMode::is_enabled()) {
      const auto sum = more.defined() ? x + more : x;
      auto found = plain_gradients([&] { return plain_gate(sum, {}); }, {sum}, grads[0], 1);
      return {found[0], more.defined() ? found[0] : Tensor()};
    }
    const auto c = x.size(1) / 2;
    const auto g = grads[0].contiguous(torch::MemoryFormat::ChannelsLast);
    const auto by_x = empty_image(x, 2 * c);
    const auto* gradient = g.data_ptr<float>();
    auto* out = by_x.data_ptr<float>();
    each_line(x, more, [&](const GateLine& line, std::int64_t place) {
      gate_line_gradient(line, gradient + place * c, x.size(3), c, out + place * 2 * c);
    });
    return {by_x, more.defined() ? by_x : Tensor()};
  }
};

}  // namespace

Tensor gate(const Tensor& x, const Tensor& more) {
  if (!suits_gate(x, more)) return plain_gate(x, more);
  const bool recorded =
      torch::GradMode::is_enabled() && (x.requires_grad() || (more.defined() && more.requires_grad()));
  if (!recorded) return Gate::compute(x, more);
  return Gate::apply(x, more.defined() ? more : at::empty({0}, x.options()));
}

}  // namespace belamy::nn
