#include "pictures/latent_pictures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numbers>
#include <torch/types.h>

#include "belamy/error.h"

#include "core/text.h"
#include "data/canvas.h"

namespace belamy {
namespace {

constexpr Canvas::Colour kUnknown = {170, 170, 170};
constexpr std::array<Canvas::Colour, 2> kDomains = {{{31, 97, 178}, {240, 125, 20}}};

// Hues all around the circle, in steps that put neighbours far apart, in two lightnesses.
Canvas::Colour colour_of(std::int64_t label) {
  if (label < 0) return kUnknown;
  const double hue = std::fmod(static_cast<double>(label) * 0.381966, 1.0) * 6;
  const double light = label % 2 == 0 ? 0.85 : 0.6;
  const auto part = [&](double offset) {
    const double wave = std::clamp(std::abs(std::fmod(hue + offset, 6.0) - 3) - 1, 0.0, 1.0);
    return static_cast<int>(std::lround(255 * light * wave));
  };
  return {part(0), part(4), part(2)};
}

// Points in a square of a canvas; x and y have one scale.
class CodeMap {
 public:
  CodeMap(Canvas& canvas, const Tensor& points, int left, int side)
      : canvas_(canvas), points_(points.to(torch::kDouble).contiguous()), left_(left), side_(side) {
    const auto middle = (points_.amin(0) + points_.amax(0)) / 2;
    middle_x_ = middle[0].item<double>();
    middle_y_ = middle[1].item<double>();
    const double extent = std::max((points_.amax(0) - points_.amin(0)).max().item<double>(), 1e-9);
    scale_ = (side - 2 * 0.03 * side) / extent;
  }

  void dots(const std::function<Canvas::Colour(std::int64_t)>& colour) {
    const auto n = points_.size(0);
    const double radius = n > 4000 ? 2 : 3;
    const auto* at = points_.data_ptr<double>();
    for (std::int64_t i = 0; i < n; ++i)
      canvas_.disc(x_of(at[2 * i]), y_of(at[2 * i + 1]), radius, colour(i), 0.8);
  }

  // The number of each label at the median of those of its points that count.
  void numbers(const Tensor& labels, const Tensor& counts) {
    for (std::int64_t label = 0; label <= labels.max().item<std::int64_t>(); ++label) {
      const auto mine = points_.index_select(0, (labels == label).logical_and(counts).nonzero().squeeze(1));
      if (mine.size(0) == 0) continue;
      const auto centre = std::get<0>(mine.median(0));
      const auto text = std::to_string(label);
      const double height = 0.03 * side_, width = Canvas::number_width(height, text);
      const double x = x_of(centre[0].item<double>()), y = y_of(centre[1].item<double>());
      canvas_.rectangle(x - width / 2 - 4, y - height / 2 - 4, x + width / 2 + 4, y + height / 2 + 4,
                        {255, 255, 255}, 0.8);
      canvas_.number(x - width / 2, y, height, text, {0, 0, 0});
    }
  }

 private:
  double x_of(double x) const { return left_ + side_ / 2.0 + scale_ * (x - middle_x_); }
  double y_of(double y) const { return side_ / 2.0 - scale_ * (y - middle_y_); }

  Canvas& canvas_;
  Tensor points_;
  int left_, side_;
  double middle_x_, middle_y_, scale_;
};

}  // namespace

Image labelled_map(const Tensor& points, const Tensor& labels, int side) {
  Canvas canvas(side, side, {255, 255, 255});
  CodeMap map(canvas, points, 0, side);
  const auto known = labels.defined() ? labels.to(torch::kLong).contiguous() : Tensor();
  map.dots(
      [&](std::int64_t i) { return colour_of(known.defined() ? known.data_ptr<std::int64_t>()[i] : 0); });
  if (known.defined()) map.numbers(known, known >= 0);
  return canvas.image();
}

Image two_domain_map(const Tensor& points, const Tensor& labels, const Tensor& domains, int side) {
  const int gap = side / 20;
  Canvas canvas(2 * side + gap, side, {255, 255, 255});
  CodeMap by_class(canvas, points, 0, side), by_domain(canvas, points, side + gap, side);
  const auto* label = labels.data_ptr<std::int64_t>();
  const auto* domain = domains.data_ptr<std::int64_t>();
  by_class.dots([&](std::int64_t i) { return colour_of(label[i]); });
  by_class.numbers(labels, domains == 0);
  by_domain.dots([&](std::int64_t i) { return kDomains.at(static_cast<std::size_t>(domain[i])); });
  canvas.line(side + gap / 2.0, 0, side + gap / 2.0, side, 1, kUnknown);
  return canvas.image();
}

Tensor decoded_manifold(Decoder& decoder, std::int64_t rows, torch::Device device) {
  if (decoder.latent_size() != 2) {
    throw usage_error(fmt::format("the manifold is a plane, and this model has {}",
                                  counted(decoder.latent_size(), "latent")),
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
