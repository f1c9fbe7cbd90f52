// A variational autoencoder conditioned on the class: p(x|y, z) and q(z|x, y). Kingma et al. 2014
// (arXiv:1406.5298), Sohn et al. 2015.
#pragma once

#include "models/shared/variational.h"

namespace belamy::models {

class ConditionalVae : public torch::nn::Module {
 public:
  ConditionalVae(const DataShape& shape, std::int64_t classes, const VariationalConfig& config,
                 at::Generator generator);

  std::int64_t classes() const { return classes_; }
  std::int64_t code_size() const { return code_; }
  const Observation& observation() const { return observation_; }

  struct Bound {
    Tensor log_likelihood, kl;  ///< [N], nats
    Tensor total() const { return log_likelihood - kl; }
  };
  /// The bound on log p(x|y); `told` [N, K] holds the classes as one-hot rows. Without a generator z is the
  /// code's mean.
  Bound bound(const Tensor& data, const Tensor& told, const at::Generator& generator);
  /// The same for each of the K classes, in one pass of N K rows: [N, K].
  Tensor bound_of_classes(const Tensor& data, const at::Generator& generator);

  GaussianCode code(const Tensor& data, const Tensor& told);
  /// The decoder's output for z [N, Z], to be passed to `observation()`.
  Tensor decode(const Tensor& z, const Tensor& told);

  /// int64 [N] -> [N, K] f32.
  Tensor one_hot(const Tensor& labels) const;
  /// The classes of a request as one-hot rows [n, K]; 0, 1, ... K - 1, 0, ... where it asks for none.
  Tensor classes_of(const SampleRequest& request) const;

 private:
  std::int64_t classes_, code_;
  bool planes_;  // the class reaches the encoder as constant channels
  Observation observation_;
  std::shared_ptr<nn::Chain> encoder_, decoder_;
};

}  // namespace belamy::models
