#include "nn/bernoulli.h"

#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/parallel.h"
#include "nn/likelihood_kernel.h"
#include "nn/plain_gradients.h"
#include "nn/products.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kDrawGrain = 4096;  // values that are worth a thread: each takes an exponential

std::int64_t rows_of_grain(std::int64_t columns) {
  return std::max<std::int64_t>(1, kDrawGrain / std::max<std::int64_t>(1, columns));
}

struct LogLikelihood : torch::autograd::Function<LogLikelihood> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& logits) {
    const auto a = x.contiguous(), t = logits.contiguous();
    const auto rows = t.size(0), columns = rows > 0 ? t.numel() / rows : 0;
    const auto sums = at::empty({rows}, t.options());
    parallel_for(0, rows, rows_of_grain(columns), [&](std::int64_t first, std::int64_t last) {
      bernoulli_sums(a.data_ptr<float>(), t.data_ptr<float>(), columns, sums.data_ptr<float>(), first, last);
    });
    ctx->save_for_backward({x, logits});
    return sums;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &logits = saved[1];
    if (torch::GradMode::is_enabled()) {
      const auto plain = [&] { return (x * logits - at::softplus(logits)).flatten(1).sum(1); };
      return plain_gradients(plain, {x, logits}, grads[0], 2);
    }
    const auto a = x.contiguous(), t = logits.contiguous(), weights = grads[0].contiguous();
    const auto rows = t.size(0), columns = rows > 0 ? t.numel() / rows : 0;
    Tensor by_x, by_logits;
    if (ctx->needs_input_grad(0)) by_x = (t.flatten(1) * weights.unsqueeze(1)).view_as(x);
    if (ctx->needs_input_grad(1)) {
      by_logits = at::empty_like(t);
      parallel_for(0, rows, rows_of_grain(columns), [&](std::int64_t first, std::int64_t last) {
        bernoulli_gradient(a.data_ptr<float>(), t.data_ptr<float>(), weights.data_ptr<float>(), columns,
                           by_logits.data_ptr<float>(), first, last);
      });
    }
    return {by_x, by_logits};
  }
};

}  // namespace

bool can_sum_bernoulli(const Tensor& x, const Tensor& logits) {
  const auto suits = [](const Tensor& t) { return t.device().is_cpu() && t.scalar_type() == torch::kFloat; };
  return fast_paths() && suits(x) && suits(logits) && x.sizes() == logits.sizes() && x.dim() >= 2;
}

Tensor bernoulli_log_likelihood(const Tensor& x, const Tensor& logits) {
  return LogLikelihood::apply(x, logits);
}

}  // namespace belamy::nn
