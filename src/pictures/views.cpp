#include "pictures/views.h"

namespace belamy {
namespace views {
#define BELAMY_VIEW(name) View name();
#include "pictures/views.def"
#undef BELAMY_VIEW
}  // namespace views

const std::vector<View>& all_views() {
  static const std::vector<View> all = {
#define BELAMY_VIEW(name) views::name(),
#include "pictures/views.def"
#undef BELAMY_VIEW
  };
  return all;
}

const View* progress_view(const ModelInfo& model, const DataShape& shape) {
  for (const auto& view : all_views()) {
    if (view.time == View::Time::progress && view.fits(model, shape)) return &view;
  }
  return nullptr;
}

}  // namespace belamy
