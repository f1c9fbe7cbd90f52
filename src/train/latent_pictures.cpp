#include "train/latent_pictures.h"

#include <cmath>
#include <numbers>
#include <torch/torch.h>

#include "belamy/error.h"

#include "data/canvas.h"

namespace belamy {
namespace {

// Hues all around the circle, in steps that put neighbours far apart, in two lightnesses.
Canvas::Colour colour_of(std::int64_t label) {
  const double hue = std::fmod(static_cast<double>(label) * 0.381966, 1.0) * 6;
  const double light = label % 2 == 0 ? 0.85 : 0.6;
  const auto part = [&](double offset) {
    const double wave = std::clamp(std::abs(std::fmod(hue + offset, 6.0) - 3) - 1, 0.0, 1.0);
    return static_cast<int>(std::lround(255 * light * wave));
  };
  return {part(0), part(4), part(2)};
}

}  // namespace

Image labelled_map(const Tensor& given, const Tensor& labels, int side) {
  const auto points = given.to(torch::kDouble).contiguous();
  const auto middle = (points.amin(0) + points.amax(0)) / 2;
  const double extent = std::max((points.amax(0) - points.amin(0)).max().item<double>(), 1e-9);
  const double margin = 0.03 * side, scale = (side - 2 * margin) / extent;
  const auto x_of = [&](double x) { return side / 2.0 + scale * (x - middle[0].item<double>()); };
  const auto y_of = [&](double y) { return side / 2.0 - scale * (y - middle[1].item<double>()); };
  const auto n = points.size(0);
  const auto* at = points.data_ptr<double>();
  const auto known = labels.defined() ? labels.to(torch::kLong).contiguous() : Tensor();
  Canvas canvas(side, side, {255, 255, 255});
  const double radius = n > 4000 ? 2 : 3;
  for (std::int64_t i = 0; i < n; ++i) {
    canvas.disc(x_of(at[2 * i]), y_of(at[2 * i + 1]), radius,
                colour_of(known.defined() ? known.data_ptr<std::int64_t>()[i] : 0), 0.8);
  }
  for (std::int64_t label = 0; known.defined() && label <= known.max().item<std::int64_t>(); ++label) {
    const auto mine = points.index_select(0, (known == label).nonzero().squeeze(1));
    if (mine.size(0) == 0) continue;
    const auto centre = std::get<0>(mine.median(0));
    const auto text = std::to_string(label);
    const double height = 0.03 * side, width = Canvas::number_width(height, text);
    const double x = x_of(centre[0].item<double>()), y = y_of(centre[1].item<double>());
    canvas.rectangle(x - width / 2 - 4, y - height / 2 - 4, x + width / 2 + 4, y + height / 2 + 4,
                     {255, 255, 255}, 0.8);
    canvas.number(x - width / 2, y, height, text, {0, 0, 0});
  }
  return canvas.image();
}

Tensor decoded_manifold(Decoder& decoder, std::int64_t rows, torch::Device device) {
  if (decoder.latent_size() != 2) {
    throw usage_error(
        fmt::format("the manifold is a plane, and this model has {} latents", decoder.latent_size()),
        "train with model.code=2 (or model.latent=2)");
  }
  const auto share = (torch::arange(rows, torch::kDouble) + 0.5) / static_cast<double>(rows);
  const auto place = torch::erfinv(2 * share - 1) * std::numbers::sqrt2;
  const auto latents =
      torch::stack({place.repeat({rows}), place.flip({0}).repeat_interleave(rows)}, 1).to(torch::kFloat);
  std::vector<Tensor> parts;
  for (const auto& some : latents.split(250)) parts.push_back(decoder.decode(some.to(device)).cpu());
  return torch::cat(parts);
}

}  // namespace belamy
