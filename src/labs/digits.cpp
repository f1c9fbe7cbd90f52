#include "labs/digits.h"

namespace belamy::labs {

Dataset rows_of(const Dataset& data, const std::vector<std::int64_t>& rows) {
  auto chosen = data;
  chosen.count = static_cast<std::int64_t>(rows.size());
  chosen.pixels.clear();
  chosen.labels.clear();
  chosen.styles.clear();
  const auto size = data.channels * data.height * data.width;
  for (const auto row : rows) {
    const auto first = data.pixels.begin() + row * size;
    chosen.pixels.insert(chosen.pixels.end(), first, first + size);
    const auto place = static_cast<std::size_t>(row);
    if (!data.labels.empty()) chosen.labels.push_back(data.labels[place]);
    if (!data.styles.empty()) chosen.styles.push_back(data.styles[place]);
  }
  return chosen;
}

Dataset glyph_digits(std::int64_t side, Split split) {
  DataOptions options;
  options.source = "glyphs";
  options.size = side;
  const auto all = load_dataset(options, split);
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < all.count; ++i) {
    if (all.labels[static_cast<std::size_t>(i)] < 10) rows.push_back(i);
  }
  auto digits = rows_of(all, rows);
  digits.name = "digits of glyphs";
  digits.class_names.resize(10);
  return digits;
}

}  // namespace belamy::labs
