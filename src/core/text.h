// Small functions of text: trimming, counting characters, reading and writing numbers, lists of names.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace belamy {

/// The text without blanks, tabs and line ends around it.
std::string trimmed(std::string_view text);

/// The text with the letters A to Z as small ones; other characters stay as they are.
std::string in_lower_case(std::string text);
/// The text with `by` in every place of `what`, which is not empty.
std::string replaced(std::string text, std::string_view what, std::string_view by);

/// The number of characters (code points) of UTF-8 text.
std::size_t characters(std::string_view text);
/// The first characters of UTF-8 text, at most `limit`.
std::string_view first_characters(std::string_view text, std::size_t limit);

/// The finite number that is the whole text; nothing if it is not one, or does not fit into T.
template <class T>
std::optional<T> number_in(std::string_view text) {
  T value{};
  const auto* end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || at != end) return std::nullopt;
  if constexpr (std::floating_point<T>) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  return value;
}

std::string format_count(std::int64_t count);  ///< "60,000"

/// A number of things, for messages: "1 file", "60,000 files", "2 classes", "3 test images". `noun` is the regular
/// singular.
std::string counted(std::int64_t count, std::string_view noun);
template <std::integral T>
std::string counted(T count, std::string_view noun) {
  return counted(static_cast<std::int64_t>(count), noun);
}

/// The first names, at most `most`, for messages: "cat, dog, ..."; the dots say that there are more.
std::string first_names(const std::vector<std::string>& names, std::size_t most);

}  // namespace belamy
