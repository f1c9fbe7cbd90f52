#include "train/sharing.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

#include "nn/substitution.h"

namespace belamy {

bool average_gradients(Group& group, const std::vector<PlayerState*>& players, Tensor& loss, bool calls) {
  if (group.is_single()) return false;
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> gradients;
  for (const auto* player : players)
    gradients.insert(gradients.end(), player->gradient().begin(), player->gradient().end());
  // One sum for all: each takes the time of a message, however short.
  auto all = gradients;
  const auto scalar = gradients.front().options();
  all.push_back(loss.defined() ? loss.to(torch::kFloat).view({1}) : torch::zeros({1}, scalar));
  all.push_back(torch::full({1}, calls ? 1.0 : 0.0, scalar));
  const auto flat = nn::flatten(all);
  group.sum(flat);
  flat.div_(group.size());
  const auto end = flat.numel();
  if (loss.defined()) loss = flat[end - 2];
  const auto means = nn::cut_like(flat.narrow(0, 0, end - 2), gradients);
  auto begin = means.begin();
  for (auto* player : players) {
    const auto next = begin + static_cast<std::ptrdiff_t>(player->gradient().size());
    player->set_gradient({begin, next});
    begin = next;
  }
  return flat[end - 1].item<float>() > 0;
}

void average(Group& group, const std::vector<Tensor>& tensors) {
  if (group.is_single() || tensors.empty()) return;
  const torch::NoGradGuard no_grad;
  const auto flat = nn::flatten(tensors);
  group.sum(flat);
  const auto means = nn::cut_like(flat.div_(group.size()), tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].copy_(means[i]);
}

void give_to_others(Group& group, const std::vector<Tensor>& tensors) {
  if (group.is_single()) return;
  const torch::NoGradGuard no_grad;
  std::map<at::ScalarType, std::vector<Tensor>> by_type;
  for (const auto& tensor : tensors) by_type[tensor.scalar_type()].push_back(tensor);
  for (const auto& [type, some] : by_type) {
    const auto flat = nn::flatten(some);
    group.broadcast(flat);
    if (group.is_first()) continue;
    const auto parts = nn::cut_like(flat, some);
    for (std::size_t i = 0; i < some.size(); ++i) some[i].copy_(parts[i]);
  }
}

void collect_records(Group& group, std::vector<std::pair<std::string, double>>& sums,
                     std::vector<double>& counts) {
  if (group.is_single()) return;
  auto own = nlohmann::json::array();
  // Sums as text: they may be infinite.
  for (std::size_t i = 0; i < sums.size(); ++i)
    own.push_back({sums[i].first, fmt::format("{}", sums[i].second), counts[i]});
  const auto texts = group.exchange(own.dump());
  sums.clear();
  counts.clear();
  if (!group.is_first()) return;
  for (const auto& text : texts) {
    for (const auto said = nlohmann::json::parse(text); const auto& record : said) {
      const auto name = record[0].get<std::string>();
      const auto found =
          std::find_if(sums.begin(), sums.end(), [&](const auto& each) { return each.first == name; });
      const auto place = static_cast<std::size_t>(found - sums.begin());
      if (found == sums.end()) {
        sums.emplace_back(name, 0);
        counts.push_back(0);
      }
      sums[place].second += std::stod(record[1].get<std::string>());
      counts[place] += record[2].get<double>();
    }
  }
}

}  // namespace belamy
