#include "labs/lab_data.h"

#include "belamy/error.h"

namespace belamy::labs {

std::string at_hand(const std::string& source) {
  try {
    find_source(source);
    return source;
  } catch (const Error&) {
    return "glyphs";
  }
}

Dataset dataset_of(const torch::Tensor& points, const std::string& name) {
  const auto values = points.to(torch::kFloat32).contiguous();
  Dataset data;
  data.name = name;
  data.count = values.size(0);
  data.dimension = values.size(1);
  data.points.assign(values.data_ptr<float>(), values.data_ptr<float>() + values.numel());
  return data;
}

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
