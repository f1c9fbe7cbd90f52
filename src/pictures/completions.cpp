// The view of completions.
#include <algorithm>

#include "nn/holes.h"
#include "pictures/grids.h"
#include "pictures/views.h"

namespace belamy::views {

// Training examples, the same with a hole in the middle, and their completions.
View completions() {
  return {.key = "completions",
          .title = "Completions",
          .time = View::Time::progress,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::completer) && !model.can(Capability::sampler) &&
                       shape.is_images();
              },
          .draw =
              [](const ViewContext& context) {
                constexpr std::int64_t columns = 8;
                const auto rows = std::max<std::int64_t>(context.count / 3 / columns, 1);
                const auto images = context.examples(rows * columns, 0);
                const auto known = nn::centre_known(images.size(2), images.size(3))
                                       .to(images.device())
                                       .expand({images.size(0), 1, images.size(2), images.size(3)});
                const auto request = context.request(images.size(0));
                const auto made = context.model.completer()->complete(images, known, request);
                return rows_picture({images, images * known, made}, std::min(columns, images.size(0)));
              }};
}

}  // namespace belamy::views
