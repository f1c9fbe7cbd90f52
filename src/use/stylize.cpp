#include "use/stylize.h"

#include <torch/optim/lbfgs.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "objectives/style.h"

namespace belamy {

Tensor stylize(Featurizer& featurizer, const Tensor& content, const Tensor& style,
               const StylizeOptions& options, const std::function<void(double, double)>& progress) {
  const auto content_maps = featurizer.features(content);
  if (content_maps.size() < 2)
    throw usage_error("style transfer needs a network that sees images at two scales or more",
                      "use a run whose training images are larger, or a model with convolutions");
  const auto kept = content_maps.size() - 2;
  std::vector<Tensor> wanted;
  for (const auto& map : featurizer.features(style)) wanted.push_back(objectives::gram(map).detach());

  // A run draws no gradients; this is one of the few calls that need them.
  const torch::AutoGradMode with_gradients(true);
  auto image = content.detach().clone().requires_grad_();
  const auto loss_of = [&] {
    const auto maps = featurizer.features(image);
    auto loss = objectives::relative_distance(maps[kept], content_maps[kept].detach());
    for (std::size_t i = 0; i < maps.size(); ++i) {
      loss = loss + options.style_weight / static_cast<double>(maps.size()) *
                        objectives::relative_distance(objectives::gram(maps[i]), wanted[i]);
    }
    const auto rows = image.slice(2, 1) - image.slice(2, 0, -1),
               columns = image.slice(3, 1) - image.slice(3, 0, -1);
    return loss + options.smoothness * (rows.square().mean() + columns.square().mean());
  };
  torch::optim::LBFGS optimizer(
      {image}, torch::optim::LBFGSOptions(1).max_iter(10).history_size(10).line_search_fn("strong_wolfe"));
  constexpr std::int64_t inner = 10;
  for (std::int64_t done = 0; done < options.steps; done += inner) {
    const auto loss = optimizer.step([&] {
      const auto value = loss_of();
      image.mutable_grad() = torch::autograd::grad({value}, {image})[0];
      return value;
    });
    if (progress)
      progress(static_cast<double>(done + inner) / static_cast<double>(options.steps), loss.item<double>());
  }
  return image.detach().clamp(-1, 1);
}

}  // namespace belamy
