// The view of translations.
#include <algorithm>
#include <utility>

#include "pictures/grids.h"
#include "pictures/views.h"

namespace belamy {
namespace {

// Every direction of a translator, one below the other.
Image draw_translations(const ViewContext& context) {
  constexpr std::int64_t widest = 8;
  auto& translator = *context.model.translator();
  const auto directions = translator.directions();
  const auto count = static_cast<std::int64_t>(directions.size());
  const bool paired = context.shape.relation == Relation::pairs && !context.shape.others.empty();
  std::vector<Image> parts;
  for (const auto direction : directions) {
    const auto from = domain_of(direction);
    if (from > context.shape.others.size()) continue;
    const auto known = context.examples(std::max(context.count, widest), from).size(0);
    const auto columns = std::min(widest, known);
    const auto rows = std::clamp<std::int64_t>(context.count / columns / count / 2, 1, known / columns);
    const auto head = [&](std::size_t domain) { return context.examples(rows * columns, domain); };
    parts.push_back(
        translation_picture(translator, direction, head(from), paired ? head(1 - from) : Tensor(), columns));
  }
  if (parts.empty()) return {};
  auto picture = std::move(parts[0]);
  constexpr int gap = 12;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (parts[i].width != picture.width || parts[i].channels != picture.channels) continue;
    const auto row = static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.channels);
    picture.pixels.insert(picture.pixels.end(), gap * row, std::uint8_t{255});
    picture.height += gap + parts[i].height;
    picture.pixels.insert(picture.pixels.end(), parts[i].pixels.begin(), parts[i].pixels.end());
  }
  return picture;
}

}  // namespace

namespace views {

View translations() {
  return {.key = "translations",
          .title = "Translations",
          .time = View::Time::progress,
          .fits = [](const ModelInfo& model, const DataShape&) { return model.can(Capability::translator); },
          .draw = draw_translations};
}

}  // namespace views
}  // namespace belamy
