#include "nn/causal.h"

#include <algorithm>
#include <stdexcept>
#include <torch/types.h>
#include <torch/utils.h>

#include "nn/products.h"

namespace belamy::nn {
namespace {

struct Window {
  std::int64_t rows, columns;
};

bool sees_both_sides(Reach reach) {
  return reach == Reach::above || reach == Reach::down_to;
}

bool is_masked(Reach reach) {
  return reach == Reach::before || reach == Reach::until;
}

bool sees_itself(Reach reach) {
  return reach == Reach::until || reach == Reach::left_until;
}

Window window_of(std::int64_t kernel, Reach reach) {
  const auto radius = kernel / 2;
  switch (reach) {
    case Reach::before:
    case Reach::until:
    case Reach::down_to: return {radius + 1, kernel};
    case Reach::above: return {radius, kernel};
    case Reach::left: return {1, radius};
    case Reach::left_until: return {1, radius + 1};
  }
  throw std::logic_error("no such reach");
}

}  // namespace

Tensor channels_last(const Tensor& x) {
  return at::empty(x.sizes(), x.options().memory_format(torch::MemoryFormat::ChannelsLast)).copy_(x);
}

CausalConv::CausalConv(std::int64_t in, std::int64_t out, std::int64_t kernel, Reach reach)
    : Weighted({out, in, window_of(kernel, reach).rows, window_of(kernel, reach).columns}, true,
               Weighting::plain),
      radius_(kernel / 2),
      reach_(reach) {
  if (kernel < 3 || kernel % 2 == 0) throw std::logic_error("a causal kernel has an odd side of 3 or more");
  if (!is_masked(reach)) return;
  auto mask = torch::ones({radius_ + 1, kernel});
  mask[radius_]
      .narrow(0, reach == Reach::before ? radius_ : radius_ + 1,
              reach == Reach::before ? radius_ + 1 : radius_)
      .zero_();
  mask_ = register_buffer("mask", mask);
}

Tensor CausalConv::kernel() {
  return mask_.defined() ? weight() * mask_ : weight();
}

Tensor CausalConv::forward(const Tensor& x) {
  // Zeros where the window leaves the image. The last row or column is left out where no window reaches it.
  const bool one_row = reach_ == Reach::left || reach_ == Reach::left_until;
  const std::int64_t right = one_row ? (reach_ == Reach::left ? -1 : 0) : radius_;
  const std::int64_t below = reach_ == Reach::above ? -1 : 0;
  const auto y =
      at::conv2d(at::constant_pad_nd(x, {radius_, right, one_row ? 0 : radius_, below}), kernel(), bias());
  return y.contiguous(torch::MemoryFormat::ChannelsLast);  // images of one channel lead to the other layout
}

Tensor Pointwise::forward(const Tensor& x) {
  return at::conv2d(x, weight(), bias());
}

Tensor Pointwise::at(const Tensor& x) {
  return affine(x, weight().flatten(1), bias());
}

CausalWalk::CausalWalk(CausalConv& conv, std::int64_t n, std::int64_t width)
    : reach_(conv.reach()), radius_(conv.radius()), width_(width) {
  const torch::NoGradGuard no_grad;
  const auto kernel = conv.kernel().detach();
  const auto rows = kernel.size(2);
  bias_ = conv.offset().detach();
  if (sees_both_sides(reach_)) {
    upper_ = kernel.contiguous();
  } else {
    const auto count = sees_itself(reach_) ? radius_ + 1 : radius_;
    const auto own = kernel.select(2, rows - 1).narrow(2, 0, count);  // [O, I, T]
    taps_ = own.permute({2, 1, 0}).flatten(0, 1).contiguous();
    if (rows > 1) upper_ = kernel.narrow(2, 0, rows - 1).contiguous();
  }
  for (std::int64_t i = 0; i <= radius_; ++i) {
    rows_.push_back(torch::zeros({n, width + 2 * radius_, kernel.size(1)}, kernel.options()));
  }
}

// The upper part of the kernel over the first `rows` of the kept rows: [N, W, O].
Tensor CausalWalk::over(std::size_t rows) const {
  const auto first = rows_.begin();
  const auto x = torch::stack(std::vector<Tensor>(first, first + static_cast<std::ptrdiff_t>(rows)), 1);
  return at::conv2d(x.permute({0, 3, 1, 2}), upper_, bias_).squeeze(2).transpose(1, 2).contiguous();
}

void CausalWalk::begin_row() {
  const torch::NoGradGuard no_grad;
  std::rotate(rows_.begin(), rows_.begin() + 1, rows_.end());
  if (!sees_both_sides(reach_) && upper_.defined()) from_above_ = over(rows_.size() - 1);
}

Tensor CausalWalk::row() {
  const torch::NoGradGuard no_grad;
  return over(rows_.size() - 1);
}

Tensor CausalWalk::row(const Tensor& x) {
  const torch::NoGradGuard no_grad;
  rows_.back().narrow(1, radius_, width_).copy_(x);
  return over(rows_.size());
}

Tensor CausalWalk::at(std::int64_t column) {
  const torch::NoGradGuard no_grad;
  const auto count = sees_itself(reach_) ? radius_ + 1 : radius_;
  const auto window = rows_.back().narrow(1, column, count).flatten(1);
  return at::addmm(from_above_.defined() ? from_above_.select(1, column) : bias_, window, taps_);
}

void CausalWalk::put(std::int64_t column, const Tensor& x) {
  const torch::NoGradGuard no_grad;
  rows_.back().select(1, radius_ + column).copy_(x);
}

}  // namespace belamy::nn
