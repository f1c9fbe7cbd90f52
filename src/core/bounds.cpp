#include "belamy/bounds.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "core/toml_table.h"

namespace belamy {
namespace {

using Part = std::optional<double> Bounds::*;
constexpr std::pair<const char*, Part> kParts[] = {{"min", &Bounds::min},
                                                   {"max", &Bounds::max},
                                                   {"near", &Bounds::near},
                                                   {"tolerance", &Bounds::tolerance},
                                                   {"relative", &Bounds::relative}};

std::string digits(double value, double tolerance) {
  if (tolerance <= 0) return fmt::format("{}", value);
  if (value != 0 && (std::abs(value) < tolerance || std::abs(value) < 1e-3)) {
    const double share = std::abs(value) / tolerance;
    return fmt::format("{:.{}e}", value,
                       share > 1 ? std::min(9, 1 + static_cast<int>(std::log10(share))) : 1);
  }
  const int decimals = std::clamp(1 - static_cast<int>(std::floor(std::log10(tolerance))), 0, 12);
  auto text = fmt::format("{:.{}f}", value, decimals);
  if (decimals > 6) text.erase(std::max(text.find_last_not_of('0'), text.find('.') + 1) + 1);
  return text;
}

double width(const Bounds& bounds) {
  return bounds.tolerance ? *bounds.tolerance : *bounds.relative * std::abs(*bounds.near);
}

}  // namespace

bool Bounds::hold(double measured) const {
  if (!std::isfinite(measured)) return false;
  if (near) return std::abs(measured - *near) <= width(*this);
  return (!min || measured >= *min) && (!max || measured <= *max);
}

std::string Bounds::text() const {
  if (near && tolerance) return fmt::format("{} ± {}", show(*near), *tolerance);
  if (near) return fmt::format("{} ± {:.3g} %", show(*near), *relative * 100);
  if (min && max) return fmt::format("{} to {}", *min, *max);
  return min ? fmt::format("at least {}", *min) : fmt::format("at most {}", *max);
}

std::string Bounds::show(double measured) const {
  if (!std::isfinite(measured)) return fmt::format("{}", measured);
  if (near) return digits(measured, tolerance ? *tolerance : width(*this) / 10);
  return fmt::format("{:.4g}", measured);
}

bool Bounds::complete() const {
  if (near) return !min && !max && tolerance.has_value() != relative.has_value();
  return (min || max) && !tolerance && !relative;
}

void Bounds::read(TomlTable& table) {
  for (const auto& [name, part] : kParts) table.number(name, this->*part);
}

std::vector<std::pair<std::string, double>> Bounds::set() const {
  std::vector<std::pair<std::string, double>> found;
  for (const auto& [name, part] : kParts) {
    if (this->*part) found.emplace_back(name, *(this->*part));
  }
  return found;
}

}  // namespace belamy
