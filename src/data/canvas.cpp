#include "data/canvas.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <string_view>

namespace belamy {
namespace {

// A character as strokes on a lattice of 5 x 7 (x 0 to 4, y 0 to 6 downwards): "10 30 41" goes from (1, 0)
// over (3, 0) to (4, 1).
std::vector<std::string_view> strokes_of(char character) {
  switch (character) {
    case '0': return {"10 30 41 45 36 16 05 01 10"};
    case '1': return {"11 20 26"};
    case '2': return {"01 10 30 41 42 06 46"};
    case '3': return {"01 10 30 41 42 33 13", "33 44 45 36 16 05"};
    case '4': return {"36 30 04 44"};
    case '5': return {"40 00 03 33 44 45 36 16 05"};
    case '6': return {"41 30 10 01 05 16 36 45 44 33 13 04"};
    case '7': return {"00 40 16"};
    case '8': return {"10 30 41 42 33 13 02 01 10", "13 04 05 16 36 45 44 33"};
    case '9': return {"05 16 36 45 41 30 10 01 02 13 33 42"};
    case '-': return {"03 43"};
    case '.': return {"06 06"};
    default: return {};
  }
}

double advance_of(char character) {
  return character == '.' ? 2.5 : 6;
}

double distance_to_segment(double x, double y, double x0, double y0, double x1, double y1) {
  const double dx = x1 - x0, dy = y1 - y0, squared = dx * dx + dy * dy;
  const double along = squared > 0 ? std::clamp(((x - x0) * dx + (y - y0) * dy) / squared, 0.0, 1.0) : 0;
  return std::hypot(x - x0 - along * dx, y - y0 - along * dy);
}

}  // namespace

Canvas::Canvas(int width, int height, Colour background) : width_(width), height_(height) {
  values_.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
  for (int i = 0; i < width * height; ++i) {
    for (const int part : background) values_.push_back(static_cast<float>(part));
  }
}

// `depth(x, y)` is the distance of a place to the edge of the shape in pixels, negative outside. The covered
// share of a pixel follows from the depth of its middle.
template <class Depth>
void Canvas::blend(double left, double top, double right, double bottom, Colour colour, double alpha,
                   Depth depth) {
  if (!std::isfinite(left + top + right + bottom)) return;
  const auto first = [](double edge) { return static_cast<int>(std::max(std::floor(edge - 1), 0.0)); };
  const auto last = [](double edge, int size) {
    return static_cast<int>(std::clamp(std::ceil(edge + 1), 0.0, static_cast<double>(size)));
  };
  if (left > width_ || top > height_) return;
  for (int y = first(top); y < last(bottom, height_); ++y) {
    for (int x = first(left); x < last(right, width_); ++x) {
      const double share = alpha * std::clamp(depth(x + 0.5, y + 0.5) + 0.5, 0.0, 1.0);
      if (share <= 0) continue;
      float* value = &values_[static_cast<std::size_t>(y * width_ + x) * 3];
      for (const int part : colour) {
        *value += static_cast<float>(share) * (static_cast<float>(part) - *value);
        ++value;
      }
    }
  }
}

void Canvas::pixel(int x, int y, Colour colour) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  std::copy(colour.begin(), colour.end(), &values_[static_cast<std::size_t>(y * width_ + x) * 3]);
}

void Canvas::disc(double x, double y, double radius, Colour colour, double alpha) {
  blend(x - radius, y - radius, x + radius, y + radius, colour, alpha,
        [=](double px, double py) { return radius - std::hypot(px - x, py - y); });
}

void Canvas::rectangle(double left, double top, double right, double bottom, Colour colour, double alpha) {
  blend(left, top, right, bottom, colour, alpha, [=](double px, double py) {
    return std::min({px - left, right - px, py - top, bottom - py});
  });
}

void Canvas::line(double x0, double y0, double x1, double y1, double thickness, Colour colour, double alpha) {
  const double radius = thickness / 2;
  blend(std::min(x0, x1) - radius, std::min(y0, y1) - radius, std::max(x0, x1) + radius,
        std::max(y0, y1) + radius, colour, alpha,
        [=](double px, double py) { return radius - distance_to_segment(px, py, x0, y0, x1, y1); });
}

void Canvas::arrow(double x0, double y0, double x1, double y1, double thickness, Colour colour,
                   double alpha) {
  const double length = std::hypot(x1 - x0, y1 - y0);
  if (!(length > 0)) return;
  const double dx = (x1 - x0) / length, dy = (y1 - y0) / length, radius = thickness / 2;
  const double head = std::min(3.5 * thickness, length),
               slope = 0.5;  // half the head's width over its length
  const double pad = radius + slope * head;
  // Shaft and head are one shape, so that the arrow is equally transparent everywhere.
  blend(std::min(x0, x1) - pad, std::min(y0, y1) - pad, std::max(x0, x1) + pad, std::max(y0, y1) + pad,
        colour, alpha, [=](double px, double py) {
          const double back = (x1 - px) * dx + (y1 - py) * dy;  // from the tip backwards
          const double aside = std::abs((px - x1) * dy - (py - y1) * dx);
          const double in_head = std::min((slope * back - aside) / std::hypot(1.0, slope), head - back);
          const double in_shaft = std::min({radius - aside, back - head / 2, length - back});
          return std::max(in_head, in_shaft);
        });
}

void Canvas::number(double x, double y, double height, const std::string& text, Colour colour, double alpha) {
  const double unit = height / 6;
  for (const char character : text) {
    for (const auto stroke : strokes_of(character)) {
      for (std::size_t i = 0; i + 4 < stroke.size(); i += 3) {
        const auto at = [&](std::size_t place) { return unit * (stroke[place] - '0'); };
        line(x + at(i), y - height / 2 + at(i + 1), x + at(i + 3), y - height / 2 + at(i + 4),
             std::max(1.0, 0.14 * height), colour, alpha);
      }
    }
    x += unit * advance_of(character);
  }
}

double Canvas::number_width(double height, const std::string& text) {
  double width = 0;
  for (const char character : text) width += advance_of(character);
  return std::max(0.0, width - 2) * height / 6;
}

Image Canvas::image() const {
  Image image{width_, height_, 3, {}};
  for (const float value : values_)
    image.pixels.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 255.0f))));
  return image;
}

std::string hex(Canvas::Colour colour) {
  return fmt::format("#{:02x}{:02x}{:02x}", colour[0], colour[1], colour[2]);
}

}  // namespace belamy
