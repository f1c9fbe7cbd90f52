#include "labs/digits.h"

namespace belamy::labs {

Dataset glyph_digits(std::int64_t side, Split split) {
  DataOptions options;
  options.source = "glyphs";
  options.size = side;
  const auto all = load_dataset(options, split);
  std::vector<std::size_t> digits_at;
  for (std::size_t i = 0; i < all.labels.size(); ++i) {
    if (all.labels[i] < 10) digits_at.push_back(i);
  }
  auto digits = subset(all, digits_at);
  digits.name = "digits of glyphs";
  digits.class_names.resize(10);
  return digits;
}

}  // namespace belamy::labs
