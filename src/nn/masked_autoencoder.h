// The network of MADE: Germain, Gregor, Murray & Larochelle 2015 (arXiv:1502.03509). Masks on the weights of a
// fully connected network make its output d depend only on the inputs before d in an order.
#pragma once

#include <cstdint>
#include <memory>
#include <torch/types.h>
#include <vector>

#include "nn/layers.h"

namespace belamy::nn {

/// Affine map [N, I] -> [N, O]. A mask [O, I] of ones and zeros multiplies the weights.
class MaskedDense : public Weighted {
 public:
  MaskedDense(std::int64_t in, std::int64_t out, bool bias) : Weighted({out, in}, bias, Weighting::plain) {}
  Tensor forward(const Tensor& x, const Tensor& mask);
  Tensor matrix() { return weight(); }  ///< [O, I], without a mask
  const Tensor& offset() const { return bias(); }
};

class MaskedAutoencoder : public torch::nn::Module {
 public:
  struct Shape {
    std::int64_t values = 1;           ///< D
    std::vector<std::int64_t> hidden;  ///< widths of the hidden layers; may be empty
    std::int64_t masks = 1;            ///< different sets of masks, M
    bool shuffled = false;             ///< each set has an order of its own; false: 0, 1, ... D - 1
    bool direct = true;                ///< masked connections from inputs to outputs
  };
  MaskedAutoencoder(const Shape& shape, at::Generator generator);

  /// Values [N, D] -> logits [N, D], with the masks of set `set`.
  Tensor forward(const Tensor& x, std::int64_t set = 0);
  /// [D] int64: the place of each value in the order of a set, 0 to D - 1.
  Tensor places(std::int64_t set) const { return degrees_[0][set] - 1; }

  /// Computes one output after the other. Each hidden unit is computed once, when the last of its inputs is
  /// known. So all outputs together cost the arithmetic of one pass. The order is read on the host.
  class Walk {
   public:
    Walk(MaskedAutoencoder& network, std::int64_t n, std::int64_t set);
    Tensor at(std::int64_t place);                  ///< [N], the logit of the value at this place
    void put(std::int64_t place, const Tensor& x);  ///< [N], the value itself
    std::int64_t value(std::int64_t place) const;   ///< which value is at this place
    Tensor values() const;                          ///< [N, D], all that were put, in the data's order

   private:
    // Units of a layer sorted by degree; the first layer are the inputs, the last the outputs.
    struct Layer {
      std::vector<std::int64_t> until;  // [D + 1]: how many units have at most this degree
      Tensor weight, bias, activity;    // [O, I], [O], [N, O]
    };
    std::vector<Layer> layers_;
    Tensor direct_;                // [D, D] or undefined
    Tensor places_, places_host_;  // [D]: sorted by place; which value is there
  };

 private:
  std::vector<Tensor> masks_of(std::int64_t set);

  Shape shape_;
  std::vector<std::shared_ptr<MaskedDense>> layers_;  // hidden ones, then the output
  std::shared_ptr<MaskedDense> direct_;
  std::vector<Tensor> degrees_;  // [M, D], then [M, H] for each hidden layer; int64, from 1
  // The masks of one set, for each layer and the direct connections. They are made again when the degrees have
  // changed, as when a checkpoint is loaded.
  std::vector<Tensor> masks_;
  std::int64_t masks_set_ = -1;
  std::vector<std::pair<const void*, std::uint32_t>> masks_from_;
};

}  // namespace belamy::nn
