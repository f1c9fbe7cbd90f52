#include "data/captions.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <map>
#include <set>
#include <unordered_map>

#include "core/text.h"

namespace belamy {
namespace {

constexpr std::size_t kLongestCaption = 64, kMostWords = 20000;
constexpr std::int64_t kUnknownWord = 1;

bool is_of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || byte >= 0x80 || c == '\'';
}

}  // namespace

std::vector<std::string> words_of(std::string_view caption) {
  std::vector<std::string> words;
  bool inside = false;
  for (const char c : in_lower_case(std::string(caption))) {
    const bool was_inside = inside;
    inside = is_of_word(c);
    if (!inside) continue;
    if (!was_inside) words.emplace_back();
    words.back() += c;
  }
  return words;
}

std::vector<std::string> vocabulary_of(const std::vector<std::string>& captions) {
  if (captions.empty()) return {};
  std::map<std::string, std::int64_t> counts;
  for (const auto& caption : captions) {
    for (const auto& word : words_of(caption)) ++counts[word];
  }
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [word, count] : counts) order.emplace_back(-count, word);
  std::sort(order.begin(), order.end());
  std::vector<std::string> vocabulary = {"", "<unknown>"};
  for (std::size_t i = 0; i < std::min(order.size(), kMostWords); ++i) vocabulary.push_back(order[i].second);
  return vocabulary;
}

Tokens tokens_of(const std::vector<std::string>& captions, const std::vector<std::string>& vocabulary) {
  std::unordered_map<std::string, std::int64_t> numbers;
  for (std::size_t i = 2; i < vocabulary.size(); ++i) numbers[vocabulary[i]] = static_cast<std::int64_t>(i);
  std::vector<std::vector<std::string>> texts;
  std::size_t longest = 1;
  for (const auto& caption : captions) {
    auto& words = texts.emplace_back(words_of(caption));
    words.resize(std::min(words.size(), kLongestCaption));
    longest = std::max(longest, words.size());
  }
  Tokens tokens{static_cast<std::int64_t>(longest), {}};
  for (const auto& words : texts) {
    for (const auto& word : words) {
      const auto found = numbers.find(word);
      tokens.numbers.push_back(found == numbers.end() ? kUnknownWord : found->second);
    }
    tokens.numbers.insert(tokens.numbers.end(), longest - words.size(), 0);
  }
  return tokens;
}

std::vector<std::string> unknown_words(std::string_view text, const std::vector<std::string>& vocabulary) {
  auto words = words_of(text);
  const auto is_known = [&](const std::string& word) {
    return std::find(vocabulary.begin(), vocabulary.end(), word) != vocabulary.end();
  };
  words.erase(std::remove_if(words.begin(), words.end(), is_known), words.end());
  return words;
}

std::string describe_captions(const std::vector<std::string>& captions) {
  std::set<std::string> all;
  std::size_t fewest = captions.empty() ? 0 : words_of(captions[0]).size(), most = 0;
  for (const auto& caption : captions) {
    const auto words = words_of(caption);
    all.insert(words.begin(), words.end());
    fewest = std::min(fewest, words.size());
    most = std::max(most, words.size());
  }
  return fmt::format("captions of {} to {}, {}", fewest, counted(most, "word"),
                     counted(all.size(), "different word"));
}

}  // namespace belamy
