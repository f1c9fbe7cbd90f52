// The loss of features that hide their domain.
#pragma once

#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// Domain confusion (Tzeng et al. 2015, arXiv:1510.02192, eq. 4): the cross-entropy between equal
/// probabilities of both domains and a discriminator's, -(log D + log(1 - D)) / 2 with D = sigmoid(t), in
/// nats. Its minimum log 2 is where every t is 0. t: the discriminator's outputs, any shape; mean over all.
Tensor confusion(const Tensor& t);

}  // namespace belamy::objectives
