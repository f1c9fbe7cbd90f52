#include "evaluate/factors.h"

#include <algorithm>
#include <set>

namespace belamy {
namespace {

constexpr std::size_t kMostValues = 100;
constexpr int kParts = 20;

// One factor of both splits.
struct Column {
  std::vector<double> train, test;
};

std::vector<double> doubles(const std::vector<std::int64_t>& values) {
  return {values.begin(), values.end()};
}

std::vector<double> attribute_of(const Dataset& set, std::size_t place) {
  std::vector<double> values;
  for (std::size_t i = place; i < set.attributes.size(); i += set.attribute_names.size())
    values.push_back(set.attributes[i]);
  return values;
}

bool varies(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [&](double value) { return value != values[0]; });
}

torch::Tensor numbered(const std::vector<double>& values, const std::vector<double>& bounds) {
  std::vector<std::int64_t> numbers;
  for (const double value : values)
    numbers.push_back(std::upper_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
  return torch::tensor(numbers, torch::kLong);
}

}  // namespace

KnownFactors known_factors(const Dataset& train, const Dataset& test) {
  KnownFactors known;
  std::vector<torch::Tensor> in_train, in_test;
  const auto add = [&](const std::string& name, bool ordered, const Column& column) {
    if (!varies(column.train) || !varies(column.test)) return;
    std::set<double> values(column.train.begin(), column.train.end());
    values.insert(column.test.begin(), column.test.end());
    // The least value of each number but the first.
    std::vector<double> bounds(std::next(values.begin()), values.end());
    if (ordered && values.size() > kMostValues) {
      const double low = *values.begin(), width = *values.rbegin() - low;
      bounds.clear();
      for (int part = 1; part < kParts; ++part) bounds.push_back(low + width * part / kParts);
    }
    known.names.push_back(name);
    known.ordered.push_back(ordered);
    in_train.push_back(numbered(column.train, bounds));
    in_test.push_back(numbered(column.test, bounds));
  };
  add("class", false, {doubles(train.labels), doubles(test.labels)});
  add("style", false, {doubles(train.styles), doubles(test.styles)});
  for (std::size_t a = 0; a < train.attribute_names.size(); ++a)
    add(train.attribute_names[a], true, {attribute_of(train, a), attribute_of(test, a)});
  if (!in_train.empty()) {
    known.train = torch::stack(in_train, 1);
    known.test = torch::stack(in_test, 1);
  }
  return known;
}

}  // namespace belamy
