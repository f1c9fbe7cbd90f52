// Captions (texts about examples) as words and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// The words of a text, separated by spaces and punctuation, in small letters. Letters beyond ASCII stay as
/// they are.
std::vector<std::string> words_of(std::string_view caption);

/// First "", which pads captions, and "<unknown>", which stands for any other word; then the words of the
/// captions, at most 20,000, the most frequent first and equally frequent ones in alphabetical order.
std::vector<std::string> vocabulary_of(const std::vector<std::string>& captions);

/// Captions as numbers in the vocabulary.
struct Tokens {
  std::int64_t length = 0;            ///< words of the longest caption; captions are cut to 64 words
  std::vector<std::int64_t> numbers;  ///< [N, length], padded with 0
};
Tokens tokens_of(const std::vector<std::string>& captions, const std::vector<std::string>& vocabulary);

/// The words of a text that are not in the vocabulary.
std::vector<std::string> unknown_words(std::string_view text, const std::vector<std::string>& vocabulary);

/// "captions of 3 to 12 words, 45 different words".
std::string describe_captions(const std::vector<std::string>& captions);

}  // namespace belamy
