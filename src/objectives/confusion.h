// Features that tell nothing of their domain.
#pragma once

#include <torch/types.h>

namespace belamy::objectives {

using torch::Tensor;

/// Domain confusion (Tzeng et al. 2015, arXiv:1510.02192, eq. 4): the cross-entropy between equal chances for
/// the two domains and what a judge says, -(log D + log(1 - D)) / 2 with D = sigmoid(t), in nats; least, log
/// 2, where every t is 0. t: the judge's outputs, any shape; mean over all.
Tensor confusion(const Tensor& t);

}  // namespace belamy::objectives
