// The scores of an evaluation: what each is called, and when two of them may be compared.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace belamy {

/// One line of scores.def.
struct ScoreInfo {
  enum class Better { lower, higher, neither };
  std::string key;    ///< "classification-error": how recipes and rows name it
  std::string label;  ///< "classification error"
  std::string unit;   ///< may be empty
  Better better;
  int protocol;  ///< grows when the way of measuring changes
};

const std::vector<ScoreInfo>& all_scores();
/// By key; a key of a translation's score may end in its direction ("l1-a2b"). Null where there is none.
const ScoreInfo* find_score(const std::string& key);
std::vector<std::string> score_keys();

/// A value in print: "12.3457", and "0.001234" where four decimals would leave few digits.
std::string score_text(double value);

/// What a figure depends on, as (name, value): "samples" -> "10000", "network" -> the SHA-256 of its weights, ...
using Passport = std::vector<std::pair<std::string, std::string>>;

/// The entry by which two figures of one score must not be compared, "samples: 2000 and 10000"; empty where they
/// may. Seed, training step and program may differ.
std::string passport_difference(const Passport& a, const Passport& b);

}  // namespace belamy
