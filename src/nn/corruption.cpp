#include "nn/corruption.h"

#include <stdexcept>
#include <torch/types.h>

#include "nn/draws.h"

namespace belamy::nn {

const std::vector<std::string>& corruption_names() {
  static const std::vector<std::string> names = {"none", "gaussian", "masking", "salt-and-pepper"};
  return names;
}

Tensor corrupt(const Tensor& values, const std::string& kind, double level, double low, double high,
               at::Generator generator) {
  if (kind == "none") return values;
  if (kind == "gaussian") return values + normal_like(values, level * (high - low), generator);
  const auto u = at::empty_like(values).uniform_(0, 1, generator);
  if (kind == "masking") return values.masked_fill(u < level, low);
  if (kind == "salt-and-pepper") {
    return values.masked_fill(u < level, high).masked_fill_(u < level / 2, low);
  }
  throw std::logic_error("no corruption is called " + kind);
}

}  // namespace belamy::nn
