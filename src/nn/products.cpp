#include "nn/products.h"

#include <ATen/autocast_mode.h>
#include <algorithm>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>

#include "core/parallel.h"
#include "nn/sgemm.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kColumns = 16;       // columns that are worth a vector
constexpr std::int64_t kFlops = 1'000'000;  // operations that are worth a thread

thread_local bool fast = true;

bool suits(const Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == torch::kFloat && x.dim() == 2 && x.numel() > 0;
}

// An operand of sgemm: rows in memory, possibly of the transposed matrix.
struct Operand {
  Tensor owner;
  char op;
  std::int64_t stride;

  Operand(const Tensor& x, bool transpose) {
    const bool rows = x.is_contiguous(), columns = !rows && x.t().is_contiguous();
    owner = rows || columns ? x : x.contiguous();
    op = transpose != columns ? 'T' : 'N';
    stride = columns ? x.size(0) : x.size(1);
  }
  const float* data() const { return owner.data_ptr<float>(); }
};

void run(const Tensor& into, double keep, double scale, const Tensor& a, const Tensor& b, bool transpose_a,
         bool transpose_b) {
  const Operand left(a, transpose_a), right(b, transpose_b);
  const auto rows = into.size(0), columns = into.size(1), k = a.size(transpose_a ? 0 : 1);
  const bool transposed = right.op == 'T';
  const auto compute = [&](std::int64_t first, std::int64_t last) {
    sgemm()(left.op, right.op, rows, last - first, k, static_cast<float>(scale), left.data(), left.stride,
            right.data() + first * (transposed ? right.stride : 1), right.stride, static_cast<float>(keep),
            into.data_ptr<float>() + first, columns);
  };
  // oneDNN 2.6 divides work badly between threads when the second factor, a layer's weight, is
  // transposed: two threads did 0.5 to 1.5 times the work of one. With a share of the columns each they
  // do 1.7 to 1.9 times.
  if (!transposed || columns <= kColumns) return compute(0, columns);
  const auto grain = kFlops / std::max<std::int64_t>(1, 2 * rows * k * kColumns);
  parallel_for(0, (columns + kColumns - 1) / kColumns, grain + 1, [&](std::int64_t first, std::int64_t last) {
    compute(first * kColumns, std::min(last * kColumns, columns));
  });
}

bool is_fast(const Tensor& a, const Tensor& b) {
  return fast && suits(a) && suits(b) && sgemm() && !autocasts_on_cpu();
}

bool is_recorded(const Tensor& a, const Tensor& b) {
  return torch::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad());
}

Tensor compute(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  const auto into = at::empty({a.size(transpose_a ? 1 : 0), b.size(transpose_b ? 0 : 1)}, a.options());
  run(into, 0, 1, a, b, transpose_a, transpose_b);
  return into;
}

// Its derivatives are products of the same kind, so it is differentiable to any order.
struct Product : torch::autograd::Function<Product> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& a, const Tensor& b,
                        bool transpose_a, bool transpose_b) {
    ctx->save_for_backward({a, b});
    ctx->saved_data["transpose_a"] = transpose_a;
    ctx->saved_data["transpose_b"] = transpose_b;
    return compute(a, b, transpose_a, transpose_b);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &a = saved[0], &b = saved[1], &grad = grads[0];
    const bool ta = ctx->saved_data["transpose_a"].toBool(), tb = ctx->saved_data["transpose_b"].toBool();
    Tensor grad_a, grad_b;
    if (ctx->needs_input_grad(0)) grad_a = ta ? product(b, grad, tb, true) : product(grad, b, false, !tb);
    if (ctx->needs_input_grad(1)) grad_b = tb ? product(grad, a, true, ta) : product(a, grad, !ta, false);
    return {grad_a, grad_b, {}, {}};
  }
};

struct Linear : torch::autograd::Function<Linear> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                        const Tensor& bias) {
    ctx->save_for_backward({x, weight});
    return compute(x, weight, bias);
  }
  static Tensor compute(const Tensor& x, const Tensor& weight, const Tensor& bias) {
    const auto y = at::empty({x.size(0), weight.size(0)}, x.options());
    y.copy_(bias.unsqueeze(0).expand_as(y));
    run(y, 1, 1, x, weight, false, true);
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &grad = grads[0];
    Tensor grad_x, grad_weight, grad_bias;
    if (ctx->needs_input_grad(0)) grad_x = product(grad, weight);
    if (ctx->needs_input_grad(1)) grad_weight = product(grad, x, true);
    if (ctx->needs_input_grad(2)) grad_bias = grad.sum(0);
    return {grad_x, grad_weight, grad_bias};
  }
};

}  // namespace

bool fast_paths() {
  return fast;
}

void set_fast_paths(bool on) {
  fast = on;
}

bool autocasts_on_cpu() {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  return at::autocast::is_autocast_enabled(at::kCPU);
#else
  return at::autocast::is_cpu_enabled();
#endif
}

Tensor product(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  if (!is_fast(a, b)) return at::mm(transpose_a ? a.t() : a, transpose_b ? b.t() : b);
  return is_recorded(a, b) ? Product::apply(a, b, transpose_a, transpose_b)
                           : compute(a, b, transpose_a, transpose_b);
}

void add_product(const Tensor& into, double keep, double scale, const Tensor& a, const Tensor& b,
                 bool transpose_a, bool transpose_b) {
  const torch::NoGradGuard no_grad;
  if (is_fast(a, b) && into.is_contiguous()) {
    run(into, keep, scale, a, b, transpose_a, transpose_b);
  } else {
    Tensor(into).addmm_(transpose_a ? a.t() : a, transpose_b ? b.t() : b, keep, scale);
  }
}

Tensor affine(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  if (!is_fast(x, weight)) return at::linear(x, weight, bias);
  if (!bias.defined()) return product(x, weight, false, true);
  const bool recorded = is_recorded(x, weight) || is_recorded(bias, bias);
  return recorded ? Linear::apply(x, weight, bias) : Linear::compute(x, weight, bias);
}

}  // namespace belamy::nn
