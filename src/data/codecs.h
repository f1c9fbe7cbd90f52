// The image formats behind decode_image and encode_png, one .cpp each. Internal to src/data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "belamy/error.h"

#include "data/image.h"

namespace belamy {

Image decode_png(std::string_view bytes, const std::string& name);
Image decode_jpeg(std::string_view bytes, const std::string& name);
Image decode_pnm(std::string_view bytes, const std::string& name);

/// The most pixels an image may have.
inline constexpr std::uint64_t max_image_pixels = std::uint64_t{1} << 28;

/// A data error "name: reason" for an image file.
Error image_error(const std::string& name, const std::string& reason);

/// A data error if a file of `bytes` bytes cannot hold the size that its header claims: in this format a byte
/// holds at most `pixels_per_byte` pixels.
void check_claim(const std::string& name, std::uint64_t width, std::uint64_t height, std::uint64_t bytes,
                 double pixels_per_byte);

}  // namespace belamy
