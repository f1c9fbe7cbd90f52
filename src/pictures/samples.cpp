// The views of samples: images and points.
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
                return image_grid(context.model.sampler()->sample({context.count, context.generator}));
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
                const auto samples = context.model.sampler()->sample({count, context.generator});
                return points_picture(samples, context.examples(count, 0), context.model.scorer());
              },
          .legend = [](Model& model,
                       const DataShape& shape) { return points_legend(shape.dimension, model.scorer()); }};
}

}  // namespace belamy::views
