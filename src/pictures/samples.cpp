// The views of samples: images and points.
#include <algorithm>
#include <torch/types.h>

#include "pictures/grids.h"
#include "pictures/point_pictures.h"
#include "pictures/views.h"

namespace belamy::views {

View samples() {
  return {.key = "samples",
          .title = "Samples",
          .time = View::Time::progress,
          .fits = [](const ModelInfo& model,
                     const DataShape& shape) { return model.can(Capability::sampler) && shape.is_images(); },
          .draw =
              [](const ViewContext& context) {
                return image_grid(context.model.sampler()->sample(context.request(context.count)));
              }};
}

// Test pictures, each followed by samples for its caption.
View captions() {
  return {
      .key = "captions",
      .title = "Test pictures, and samples for their captions",
      .time = View::Time::end_unseen,
      .fits =
          [](const ModelInfo& model, const DataShape& shape) {
            return model.can(Capability::caption_sampler) && shape.is_images() && !shape.vocabulary.empty();
          },
      .draw =
          [](const ViewContext& context) {
            constexpr std::int64_t columns = 8;
            const auto batch = context.batch(Split::test);
            const auto rows = std::min(std::max<std::int64_t>(context.count / columns, 1), batch.size());
            auto request = context.request(rows * (columns - 1));
            request.condition.captions = batch.captions.narrow(0, 0, rows).repeat_interleave(columns - 1, 0);
            const auto made = context.model.sampler()->sample(request);
            const auto real = batch.data.narrow(0, 0, rows).unsqueeze(1);
            const auto sizes = context.shape.sizes(-1);
            return image_grid(
                at::cat({real, made.view({rows, columns - 1, sizes[1], sizes[2], sizes[3]})}, 1).view(sizes),
                columns);
          }};
}

// Points are drawn over what the model's scorer thinks of every place.
View points() {
  constexpr std::int64_t count = 1024;
  return {.key = "points",
          .title = "Samples",
          .time = View::Time::progress,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::sampler) && !shape.is_images() && shape.dimension <= 2;
              },
          .draw =
              [](const ViewContext& context) {
                const auto samples = context.model.sampler()->sample(context.request(count));
                return points_picture(samples, context.examples(count, 0), context.model.scorer());
              },
          .legend = [](Model& model,
                       const DataShape& shape) { return points_legend(shape.dimension, model.scorer()); }};
}

}  // namespace belamy::views
