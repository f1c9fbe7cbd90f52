#include "nn/narrow.h"

#include <algorithm>
#include <torch/autograd.h>
#include <torch/utils.h>
#include <vector>

#include "core/parallel.h"
#include "nn/narrow_kernel.h"
#include "nn/products.h"
#include "nn/sgemm.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kNarrow = 4;        // channels
constexpr std::int64_t kMatrix = 1 << 16;  // values of a matrix of windows, so that it stays in the cache
constexpr std::int64_t kNarrowFlops = 1'000'000;  // operations that are worth a thread
constexpr std::int64_t kSums = 16;  // partial sums of a gradient, whatever the number of threads

// What is fixed about a convolution, and how its images are divided: in bands of rows.
struct Plan {
  Windows windows;
  std::int64_t images, maps, band, bands;

  Plan(at::IntArrayRef image, at::IntArrayRef wide, std::int64_t kernel, std::int64_t stride,
       std::int64_t padding)
      : windows{image[1], image[2], image[3], kernel, stride, padding, wide[2], wide[3]},
        images(image[0]),
        maps(wide[1]) {
    const auto row = std::max<std::int64_t>(1, windows.size() * windows.columns);
    band = std::clamp<std::int64_t>(kMatrix / row, 1, std::max<std::int64_t>(1, windows.rows));
    bands = (windows.rows + band - 1) / band;
  }

  std::int64_t pixels() const { return windows.channels * windows.height * windows.width; }
  std::int64_t places() const { return windows.rows * windows.columns; }
  std::int64_t grain(std::int64_t rows) const {
    return kNarrowFlops / std::max<std::int64_t>(1, 2 * maps * windows.size() * windows.columns * rows) + 1;
  }
  // use(image, first row, last row) for the jobs first to last - 1, each a band of an image.
  template <class F>
  void each_band(std::int64_t first, std::int64_t last, const F& use) const {
    for (auto job = first; job < last; ++job) {
      const auto row = job % bands * band;
      use(job / bands, row, std::min(row + band, windows.rows));
    }
  }
  std::vector<float> matrix() const {
    return std::vector<float>(static_cast<std::size_t>(windows.size() * band * windows.columns));
  }
};

bool has_history(const Tensor& a, const Tensor& b) {
  return torch::GradMode::is_enabled() && (a.requires_grad() || b.requires_grad());
}

// image, weight [C, size], bias -> maps.
Tensor widen(const Plan& plan, const Tensor& image, const Tensor& weight, const Tensor& bias) {
  const auto& w = plan.windows;
  const auto x = image.contiguous(), kernel = weight.contiguous();
  auto maps = at::empty({plan.images, plan.maps, w.rows, w.columns}, image.options());
  const auto offset = bias.numel() > 0 ? bias.contiguous() : Tensor();
  const auto *pixels = x.data_ptr<float>(), *factors = kernel.data_ptr<float>();
  const auto* offsets = offset.defined() ? offset.data_ptr<float>() : nullptr;
  auto* out = maps.data_ptr<float>();
  parallel_for(0, plan.images * plan.bands, plan.grain(plan.band), [&](std::int64_t begin, std::int64_t end) {
    auto matrix = plan.matrix();
    plan.each_band(begin, end, [&](std::int64_t n, std::int64_t first, std::int64_t last) {
      const auto places = (last - first) * w.columns;
      unfold_windows(w, pixels + n * plan.pixels(), first, last, matrix.data());
      auto* to = out + n * plan.maps * plan.places() + first * w.columns;
      for (std::int64_t c = 0; offsets && c < plan.maps; ++c)
        std::fill_n(to + c * plan.places(), places, offsets[c]);
      sgemm()('N', 'N', plan.maps, places, w.size(), 1, factors, w.size(), matrix.data(), places,
              offsets ? 1 : 0, to, plan.places());
    });
  });
  return maps;
}

// maps, in either order in memory, weight [C, size] -> image.
Tensor narrow(const Plan& plan, const Tensor& maps, const Tensor& weight) {
  const auto& w = plan.windows;
  const bool last = maps.suggest_memory_format() == torch::MemoryFormat::ChannelsLast;
  const auto x = last ? maps.contiguous(torch::MemoryFormat::ChannelsLast) : maps.contiguous();
  const auto kernel = weight.contiguous();
  const char order = last ? 'T' : 'N';
  const auto row = last ? plan.maps : plan.places(), place = last ? plan.maps : 1;
  auto image = at::zeros({plan.images, w.channels, w.height, w.width}, maps.options());
  const auto *values = x.data_ptr<float>(), *factors = kernel.data_ptr<float>();
  auto* out = image.data_ptr<float>();
  // Bands of one image overlap in its pixels, so each image is the work of one thread.
  parallel_for(0, plan.images, plan.grain(w.rows), [&](std::int64_t begin, std::int64_t end) {
    auto matrix = plan.matrix();
    plan.each_band(begin * plan.bands, end * plan.bands,
                   [&](std::int64_t n, std::int64_t top, std::int64_t end_row) {
                     const auto places = (end_row - top) * w.columns;
                     sgemm()('T', order, w.size(), places, plan.maps, 1, factors, w.size(),
                             values + n * plan.maps * plan.places() + top * w.columns * place, row, 0,
                             matrix.data(), places);
                     fold_windows(w, matrix.data(), top, end_row, out + n * plan.pixels());
                   });
  });
  return image;
}

// maps, image -> the weight's gradient [C, c, K, K].
Tensor weigh(const Plan& plan, const Tensor& maps, const Tensor& image) {
  const auto& w = plan.windows;
  const auto wide = maps.contiguous(), x = image.contiguous();
  const auto jobs = plan.images * plan.bands, groups = std::min(jobs, kSums);
  auto sums = at::zeros({groups, plan.maps, w.channels, w.kernel, w.kernel}, maps.options());
  const auto *values = wide.data_ptr<float>(), *pixels = x.data_ptr<float>();
  auto* out = sums.data_ptr<float>();
  const auto grain = plan.grain(plan.band) * groups / std::max<std::int64_t>(1, jobs) + 1;
  parallel_for(0, groups, grain, [&](std::int64_t begin, std::int64_t end) {
    auto matrix = plan.matrix();
    for (auto group = begin; group < end; ++group) {
      plan.each_band(group * jobs / groups, (group + 1) * jobs / groups,
                     [&](std::int64_t n, std::int64_t first, std::int64_t last) {
                       const auto places = (last - first) * w.columns;
                       unfold_windows(w, pixels + n * plan.pixels(), first, last, matrix.data());
                       sgemm()('N', 'T', plan.maps, w.size(), places, 1,
                               values + n * plan.maps * plan.places() + first * w.columns, plan.places(),
                               matrix.data(), places, 1, out + group * plan.maps * w.size(), w.size());
                     });
    }
  });
  return sums.sum(0);
}

// The three passes of one convolution. It is linear in each of maps, image and weight, so the derivatives of each pass are
// the other two.
Tensor narrowed(const Tensor& maps, const Tensor& weight, std::int64_t stride, std::int64_t padding,
                at::IntArrayRef image);
Tensor widened(const Tensor& image, const Tensor& weight, const Tensor& bias, std::int64_t stride,
               std::int64_t padding);
Tensor weighed(const Tensor& maps, const Tensor& image, std::int64_t kernel, std::int64_t stride,
               std::int64_t padding);

struct Widening : torch::autograd::Function<Widening> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& image, const Tensor& weight,
                        const Tensor& bias, std::int64_t stride, std::int64_t padding) {
    ctx->save_for_backward({image, weight});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    return compute(image, weight, bias, stride, padding);
  }
  static Tensor compute(const Tensor& image, const Tensor& weight, const Tensor& bias, std::int64_t stride,
                        std::int64_t padding) {
    const auto kernel = weight.size(2);
    const auto places = [&](std::int64_t n) { return (n + 2 * padding - kernel) / stride + 1; };
    const Plan plan(image.sizes(),
                    {image.size(0), weight.size(0), places(image.size(2)), places(image.size(3))}, kernel,
                    stride, padding);
    return widen(plan, image, weight, bias);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &image = saved[0], &weight = saved[1], &grad = grads[0];
    const auto stride = ctx->saved_data["stride"].toInt(), padding = ctx->saved_data["padding"].toInt();
    Tensor by_image, by_weight, by_bias;
    if (ctx->needs_input_grad(0)) by_image = narrowed(grad, weight, stride, padding, image.sizes());
    if (ctx->needs_input_grad(1)) by_weight = weighed(grad, image, weight.size(2), stride, padding);
    if (ctx->needs_input_grad(2)) by_bias = grad.sum({0, 2, 3});
    return {by_image, by_weight, by_bias, {}, {}};
  }
};

struct Narrowing : torch::autograd::Function<Narrowing> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& maps, const Tensor& weight,
                        std::int64_t stride, std::int64_t padding, const std::vector<std::int64_t>& image) {
    ctx->save_for_backward({maps, weight});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    return narrow(Plan(image, maps.sizes(), weight.size(2), stride, padding), maps, weight);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &maps = saved[0], &weight = saved[1], &grad = grads[0];
    const auto stride = ctx->saved_data["stride"].toInt(), padding = ctx->saved_data["padding"].toInt();
    Tensor by_maps, by_weight;
    if (ctx->needs_input_grad(0)) by_maps = widened(grad, weight, {}, stride, padding);
    if (ctx->needs_input_grad(1)) by_weight = weighed(maps, grad, weight.size(2), stride, padding);
    return {by_maps, by_weight, {}, {}, {}};
  }
};

struct Weighing : torch::autograd::Function<Weighing> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& maps, const Tensor& image,
                        std::int64_t kernel, std::int64_t stride, std::int64_t padding) {
    ctx->save_for_backward({maps, image});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    return weigh(Plan(image.sizes(), maps.sizes(), kernel, stride, padding), maps, image);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &maps = saved[0], &image = saved[1], &grad = grads[0];
    const auto stride = ctx->saved_data["stride"].toInt(), padding = ctx->saved_data["padding"].toInt();
    Tensor by_maps, by_image;
    if (ctx->needs_input_grad(0)) by_maps = widened(image, grad, {}, stride, padding);
    if (ctx->needs_input_grad(1)) by_image = narrowed(maps, grad, stride, padding, image.sizes());
    return {by_maps, by_image, {}, {}, {}};
  }
};

Tensor narrowed(const Tensor& maps, const Tensor& weight, std::int64_t stride, std::int64_t padding,
                at::IntArrayRef image) {
  if (has_history(maps, weight)) return Narrowing::apply(maps, weight, stride, padding, image.vec());
  return narrow(Plan(image, maps.sizes(), weight.size(2), stride, padding), maps, weight);
}

Tensor widened(const Tensor& image, const Tensor& weight, const Tensor& bias, std::int64_t stride,
               std::int64_t padding) {
  // An autograd function takes no undefined tensor: an empty one stands for "none".
  const auto offset = bias.defined() ? bias : at::empty({0}, image.options());
  if (has_history(image, weight) || has_history(offset, offset))
    return Widening::apply(image, weight, offset, stride, padding);
  return Widening::compute(image, weight, offset, stride, padding);
}

Tensor weighed(const Tensor& maps, const Tensor& image, std::int64_t kernel, std::int64_t stride,
               std::int64_t padding) {
  if (has_history(maps, image)) return Weighing::apply(maps, image, kernel, stride, padding);
  return weigh(Plan(image.sizes(), maps.sizes(), kernel, stride, padding), maps, image);
}

}  // namespace

bool is_narrow(const Tensor& x, const Tensor& weight, std::int64_t channels) {
  const auto suits_narrow = [](const Tensor& t) {
    return t.device().is_cpu() && t.scalar_type() == torch::kFloat && t.dim() == 4 && t.numel() > 0;
  };
  return channels <= kNarrow && fast_paths() && suits_narrow(x) && suits_narrow(weight) &&
         weight.size(2) == weight.size(3) && sgemm() && !autocasts_on_cpu();
}

Tensor widening_convolution(const Tensor& image, const Tensor& weight, const Tensor& bias,
                            std::int64_t stride, std::int64_t padding) {
  return widened(image, weight, bias, stride, padding);
}

Tensor narrowing_convolution(const Tensor& maps, const Tensor& weight, std::int64_t stride,
                             std::int64_t padding) {
  const auto side = [&](std::int64_t n) { return (n - 1) * stride - 2 * padding + weight.size(2); };
  return narrowed(maps, weight, stride, padding,
                  {maps.size(0), weight.size(1), side(maps.size(2)), side(maps.size(3))});
}

}  // namespace belamy::nn
