// Smooth discs, lines and numbers on a picture, for plots that need no library. No torch here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "data/image.h"

namespace belamy {

/// An RGB picture to draw on. Places and lengths are in pixels: x to the right, y downwards, the middle of
/// the first pixel at (0.5, 0.5). Edges are antialiased, an `alpha` below 1 is transparent, and anything
/// outside (or not finite) is not drawn.
class Canvas {
 public:
  using Colour = std::array<int, 3>;  ///< red, green, blue, each 0 to 255

  Canvas(int width, int height, Colour background);

  int width() const { return width_; }
  int height() const { return height_; }

  /// One whole pixel.
  void pixel(int x, int y, Colour colour);
  void disc(double x, double y, double radius, Colour colour, double alpha = 1);
  void rectangle(double left, double top, double right, double bottom, Colour colour, double alpha = 1);
  /// A line with round ends.
  void line(double x0, double y0, double x1, double y1, double thickness, Colour colour, double alpha = 1);
  /// An arrow from (x0, y0) to its tip at (x1, y1).
  void arrow(double x0, double y0, double x1, double y1, double thickness, Colour colour, double alpha = 1);
  /// Draws digits, '-' and '.' of the given height as strokes. The left end and vertical middle of the text
  /// are at (x, y). Other characters are spaces.
  void number(double x, double y, double height, const std::string& text, Colour colour, double alpha = 1);
  /// The width of a text drawn by `number`.
  static double number_width(double height, const std::string& text);

  Image image() const;

 private:
  template <class Depth>
  void blend(double left, double top, double right, double bottom, Colour colour, double alpha, Depth depth);

  int width_, height_;
  std::vector<float> values_;  // [height, width, 3], 0 to 255
};

/// "#rrggbb", as in HTML.
std::string hex(Canvas::Colour colour);

}  // namespace belamy
