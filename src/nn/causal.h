// Convolutions that respect an order of the pixels: row by row from the top, each from left to right. Their
// output at a pixel depends only on the pixels before it, or on these and the pixel itself. van den Oord,
// Kalchbrenner & Kavukcuoglu 2016 (arXiv:1601.06759); the two stacks: van den Oord et al. 2016
// (arXiv:1606.05328).
#pragma once

#include <cstdint>
#include <torch/types.h>
#include <vector>

#include "nn/layers.h"

namespace belamy::nn {

/// Which pixels of its window a convolution sees.
enum class Reach {
  before,     ///< the rows above, and the pixels to the left in its own row: mask A
  until,      ///< the same and the pixel itself: mask B
  above,      ///< the whole rows above
  down_to,    ///< the whole rows above and its whole own row
  left,       ///< the pixels to the left in its own row
  left_until  ///< the same and the pixel itself
};

/// A copy of images [N, C, H, W] with the channels innermost in memory, even if there is only one: the layout
/// in which oneDNN convolves without reordering.
Tensor channels_last(const Tensor& x);

/// Convolution [N, I, H, W] -> [N, O, H, W] with zeros around the image. `kernel` is the side of the full
/// window, an odd number. The kernel has only the rows and columns that `reach` needs. With `before` and
/// `until` a mask also sets weights in its last row to zero.
class CausalConv : public Weighted {
 public:
  CausalConv(std::int64_t in, std::int64_t out, std::int64_t kernel, Reach reach);
  Tensor forward(const Tensor& x);

  Reach reach() const { return reach_; }
  std::int64_t radius() const { return radius_; }
  /// Weights [O, I, rows, columns], zero where the layer must not see; `offset` is the bias [O].
  Tensor kernel();
  const Tensor& offset() const { return bias(); }

 private:
  std::int64_t radius_;
  Reach reach_;
  Tensor mask_;  // [rows, columns]; undefined if all of the kernel is used
};

/// 1x1 convolution [N, I, H, W] -> [N, O, H, W].
class Pointwise : public Weighted {
 public:
  Pointwise(std::int64_t in, std::int64_t out) : Weighted({out, in, 1, 1}, true, Weighting::plain) {}
  Tensor forward(const Tensor& x);
  /// The same for one pixel: [N, I] -> [N, O].
  Tensor at(const Tensor& x);
};

/// Evaluates a CausalConv along the order of the pixels, for sampling: it keeps the rows of its input that it
/// still needs, and computes each output once. It uses the weights that the layer has when the walk is made.
/// Without autograd.
///
/// Call begin_row() before each row. With `above`, row() then gives the outputs of the whole row; give the
/// inputs of its pixels by put(). With `down_to`, row(x) takes the inputs of the row and gives its outputs.
/// With the others, at() gives the output of one pixel and put() takes its input: before at() if the reach
/// includes the pixel itself, else after it.
class CausalWalk {
 public:
  CausalWalk(CausalConv& conv, std::int64_t n, std::int64_t width);
  void begin_row();
  Tensor row();                                    ///< [N, W, O]
  Tensor row(const Tensor& x);                     ///< x [N, W, I] -> [N, W, O]
  Tensor at(std::int64_t column);                  ///< [N, O]
  void put(std::int64_t column, const Tensor& x);  ///< x [N, I]

 private:
  Tensor over(std::size_t rows) const;

  Reach reach_;
  std::int64_t radius_, width_;
  Tensor upper_;              // [O, I, rows, K], the part of the kernel that whole rows pass through
  Tensor taps_;               // [T I, O], the part in the pixel's own row
  Tensor bias_;               // [O]
  std::vector<Tensor> rows_;  // [N, W + 2 radius, I] each, the present row last
  Tensor from_above_;         // [N, W, O], what the rows above give the present row, with the bias
};

}  // namespace belamy::nn
