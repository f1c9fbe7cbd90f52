// How well codes of captions find their pictures.
#include <algorithm>
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "evaluate/measure.h"
#include "metrics/one_shot.h"
#include "tensors/dataset_tensors.h"
#include "use/similarity.h"

namespace belamy {
namespace {

constexpr std::int64_t kPictures = 1000;

void take_caption_retrieval(EvaluationContext& context) {
  auto& run = context.run();
  const auto& test = context.test();
  if (test.captions.empty()) throw data_error("the data have no captions");
  const auto n = std::min(kPictures, test.count);
  const auto captions = caption_tensor(test.captions, run.shape().vocabulary).narrow(0, 0, n);
  const auto own = torch::arange(n);
  const std::vector<std::int64_t> ranks = {1, 10};
  const auto recalls =
      recall_at(ranks, caption_similarity(run, captions, context.test_data().narrow(0, 0, n)), own, own);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    context.add(fmt::format("caption-recall-at-{}", ranks[i]), recalls[i],
                fmt::format("{}, each compared with {} by the cosine of their codes", counted(n, "caption"),
                            counted(n, "test image")),
                {.samples = n, .examples = n});
  }
}

}  // namespace

namespace measures {

Measure caption_retrieval() {
  return {.key = "caption-retrieval",
          .text = "share of captions that find their own picture",
          .cost = "seconds",
          .needs = Capability::text_encoder,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::text_encoder) && model.can(Capability::encoder) &&
                       shape.is_images();
              },
          .take = take_caption_retrieval};
}

}  // namespace measures
}  // namespace belamy
