#include "models/shared/captions.h"

#include <cmath>
#include <torch/utils.h>

#include "belamy/recipe.h"

namespace belamy::models {
namespace {

constexpr std::int64_t kSeenCaptions = 512;  // that are stored

}  // namespace

Tensor word_counts(const Tensor& captions, std::int64_t vocabulary) {
  const auto counts = torch::zeros({captions.size(0), vocabulary}, captions.options().dtype(torch::kFloat));
  return counts.scatter_add(1, captions, torch::ones(captions.sizes(), counts.options()))
      .narrow(1, 1, vocabulary - 1);
}

Captions::Captions(const DataShape& shape, const Parents& parents)
    : vocabulary_(static_cast<std::int64_t>(shape.vocabulary.size())), size_(vocabulary_ - 1) {
  if (const auto found = parents.find(kText); found != parents.end()) {
    parent_ = found->second;
    size_ = parent_->text_encoder()->text_code_size();
  }
  seen_ = SeenRows(*this, "seen", kSeenCaptions, size_);
}

Tensor Captions::of(const Tensor& captions) const {
  const torch::NoGradGuard no_grad;
  if (!parent_) return word_counts(captions, vocabulary_);
  const auto codes = parent_->text_encoder()->encode_text(captions);
  const auto length = codes.norm(2, 1, /*keepdim=*/true).clamp_min(1e-6);
  return codes * (std::sqrt(static_cast<double>(size_)) / length);
}

Tensor Captions::asked(const SampleRequest& request) const {
  if (!request.condition.captions.defined()) return seen_.draw(request.count, request.generator);
  return of(request.condition.captions.to(request.generator.device()));
}

Fault check_captions(const DataShape& shape, const Recipe& recipe) {
  if (shape.vocabulary.empty())
    return {"it needs captions, a text about each picture", {"data.source=glyphs-captions"}};
  if (recipe.data.labelled > 0) return {"it needs all captions", {"data.labelled=0"}};
  return {};
}

}  // namespace belamy::models
