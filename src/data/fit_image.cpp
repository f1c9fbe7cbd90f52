#include "data/fit_image.h"

#include <fmt/format.h>

#include "belamy/error.h"

namespace belamy {

Fit parse_fit(const std::string& text) {
  if (text == "crop") return Fit::crop;
  if (text == "pad") return Fit::pad;
  if (text == "stretch") return Fit::stretch;
  throw usage_error(fmt::format("data.fit=\"{}\" is not allowed", text), "choose crop, pad or stretch");
}

Image fitted(Image image, const DataOptions& options) {
  if (options.size > 0) image = fit_image(image, static_cast<int>(options.size), parse_fit(options.fit));
  if (options.channels > 0) image = convert_channels(image, static_cast<int>(options.channels));
  if (options.binarize != "none") {
    for (auto& value : image.pixels) value = value > 127 ? 255 : 0;
  }
  return image;
}

}  // namespace belamy
