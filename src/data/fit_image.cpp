#include "data/fit_image.h"

#include <fmt/format.h>

#include "belamy/error.h"

namespace belamy {

WantedSize wanted_size(const DataOptions& options) {
  if (options.width == 0 && options.height == 0)
    return {static_cast<int>(options.size), static_cast<int>(options.size)};
  if (options.width == 0 || options.height == 0)
    throw usage_error(
        fmt::format("data.{} is set, but data.{} is not", options.width > 0 ? "width" : "height",
                    options.width > 0 ? "height" : "width"),
        "set both, or data.size for squares");
  if (options.size > 0)
    throw usage_error(
        fmt::format("data.size={} asks for squares, but also data.width={} and data.height={} are set",
                    options.size, options.width, options.height),
        "set data.size=0");
  return {static_cast<int>(options.width), static_cast<int>(options.height)};
}

Fit parse_fit(const std::string& text) {
  if (text == "crop") return Fit::crop;
  if (text == "pad") return Fit::pad;
  if (text == "stretch") return Fit::stretch;
  throw usage_error(fmt::format("data.fit=\"{}\" is not allowed", text), "choose crop, pad or stretch");
}

Image fitted(Image image, const DataOptions& options) {
  if (const auto wanted = wanted_size(options))
    image = fit_image(image, wanted.width, wanted.height, parse_fit(options.fit));
  if (options.channels > 0) image = convert_channels(image, static_cast<int>(options.channels));
  if (options.binarize != "none") {
    for (auto& value : image.pixels) value = value > 127 ? 255 : 0;
  }
  return image;
}

}  // namespace belamy
