// The view of a sampler's Markov chains.
#include "pictures/grids.h"
#include "pictures/views.h"

namespace belamy::views {

// Markov chains of a sampler that has them, one a row, from their start to the samples.
View chains() {
  constexpr std::int64_t count = 10, frames = 16;
  return {.key = "chains",
          .title = "Markov chains",
          .time = View::Time::end,
          .fits = [](const ModelInfo& model,
                     const DataShape& shape) { return model.can(Capability::sampler) && shape.is_images(); },
          .draw = [](const ViewContext& context) -> Image {
            const auto seen = context.model.sampler()->chain(context.request(count), frames);
            if (!seen.defined()) return {};
            return image_grid(seen.transpose(0, 1).flatten(0, 1), frames);  // from [frames, chains, C, H, W]
          }};
}

}  // namespace belamy::views
