#include "use/in_batches.h"

#include <torch/types.h>

#include "tensors/image_tensors.h"

namespace belamy {
namespace {

constexpr std::int64_t kUseBatch = 250;

}  // namespace

Tensor draw(Sampler& sampler, const SampleRequest& request) {
  std::vector<Tensor> parts;
  const auto share = [&](std::int64_t done) {
    return static_cast<double>(done) / static_cast<double>(request.count);
  };
  for (std::int64_t done = 0; done < request.count; done += kUseBatch) {
    auto part = request;
    part.count = std::min(kUseBatch, request.count - done);
    for (auto* asked : {&part.condition.labels, &part.condition.attributes, &part.condition.captions}) {
      if (asked->defined()) *asked = asked->narrow(0, done, part.count);
    }
    if (request.progress) {
      part.progress = [&](double inside) {
        return request.progress(share(done) + inside * share(part.count));
      };
    }
    parts.push_back(sampler.sample(part).cpu());
    request.report(done + part.count, request.count);
  }
  return torch::cat(parts);
}

Tensor in_batches(const Run& run, const Tensor& data, const std::function<Tensor(const Tensor&)>& f) {
  std::vector<Tensor> parts;
  for (std::int64_t done = 0; done < data.size(0); done += kUseBatch) {
    const auto n = std::min(kUseBatch, data.size(0) - done);
    parts.push_back(f(to_model_range(data.narrow(0, done, n)).to(run.device())).cpu());
  }
  return torch::cat(parts);
}

}  // namespace belamy
