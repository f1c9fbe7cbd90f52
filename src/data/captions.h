// Captions, the texts about examples, as words and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belamy {

/// The words of a text in small letters: what stands between spaces and punctuation. Letters beyond ASCII
/// stay as they are.
std::vector<std::string> words_of(std::string_view caption);

/// All words of the captions, the most frequent first and words of one frequency in the order of the
/// alphabet, behind "", which fills captions up, and "<unknown>", which stands for any other word. 20,000
/// words at most.
std::vector<std::string> vocabulary_of(const std::vector<std::string>& captions);

/// Captions as numbers in the vocabulary.
struct Tokens {
  std::int64_t length = 0;            ///< of the longest caption, 64 words at most; what is longer is cut
  std::vector<std::int64_t> numbers;  ///< [N, length], filled up with 0
};
Tokens tokens_of(const std::vector<std::string>& captions, const std::vector<std::string>& vocabulary);

/// "captions of 3 to 12 words, 45 different words".
std::string describe_captions(const std::vector<std::string>& captions);

}  // namespace belamy
