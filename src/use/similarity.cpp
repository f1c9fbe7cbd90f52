#include "use/similarity.h"

#include <fmt/format.h>
#include <torch/types.h>

#include "tensors/image_tensors.h"
#include "use/in_batches.h"
#include "use/require.h"

namespace belamy {
namespace {

constexpr std::int64_t kPairs = 200;  // at a time

}  // namespace

Similarity::Similarity(Run& run)
    : run_(run), matcher_(run.model().matcher()), encoder_(run.model().encoder()) {
  if (!matcher_ && !encoder_) throw missing_capability(run, Capability::matcher);
}

Tensor Similarity::between(const Tensor& queries, const Tensor& others) const {
  if (!matcher_) {
    const auto codes = [&](const Tensor& data) {
      return in_batches(run_, data, [&](const Tensor& x) { return encoder_->encode(x).flatten(1); })
          .to(torch::kDouble);
    };
    return -at::cdist(codes(queries), codes(others));
  }
  const auto n = others.size(0), pairs = queries.size(0) * n;
  std::vector<Tensor> parts;
  for (std::int64_t done = 0; done < pairs; done += kPairs) {
    const auto place = torch::arange(done, std::min(done + kPairs, pairs));
    const auto of = [&](const Tensor& data, const Tensor& places) {
      return to_model_range(data.index_select(0, places)).to(run_.device());
    };
    parts.push_back(
        matcher_->similarity(of(queries, at::floor_divide(place, n)), of(others, place.remainder(n))).cpu());
  }
  return torch::cat(parts).to(torch::kDouble).view({-1, n});
}

std::string Similarity::how() const {
  const auto& name = run_.recipe().model->name;
  return matcher_ ? "similarity of " + name : "minus the distance of " + name + "'s codes";
}

Tensor caption_similarity(Run& run, const Tensor& captions, const Tensor& images) {
  auto* texts = require_capability(run.model().text_encoder(), run, Capability::text_encoder);
  auto* pictures = require_capability(run.model().encoder(), run, Capability::encoder);
  const auto unit = [](const Tensor& codes) {
    return (codes / codes.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12)).to(torch::kDouble);
  };
  const torch::NoGradGuard no_grad;
  const auto seen = in_batches(run, images, [&](const Tensor& x) { return pictures->encode(x); });
  return at::mm(unit(texts->encode_text(captions.to(run.device())).cpu()), unit(seen).t());
}

}  // namespace belamy
