// The view of reconstructions.
#include <algorithm>

#include "pictures/grids.h"
#include "pictures/views.h"

namespace belamy::views {

// Training examples and their reconstructions.
View reconstructions() {
  return {.key = "reconstructions",
          .title = "Reconstructions",
          .time = View::Time::progress,
          .fits =
              [](const ModelInfo& model, const DataShape& shape) {
                return model.can(Capability::reconstructor) && shape.is_images();
              },
          .draw =
              [](const ViewContext& context) {
                constexpr std::int64_t columns = 8;
                const auto rows = std::max<std::int64_t>(context.count / 2 / columns, 1);
                const auto original = context.examples(rows * columns, 0);
                const auto copy = context.model.reconstructor()->reconstruct(original);
                return reconstruction_picture(original, copy, std::min(columns, original.size(0)));
              }};
}

}  // namespace belamy::views
