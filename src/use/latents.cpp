#include "use/latents.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include "belamy/error.h"

#include "metrics/nearest.h"
#include "metrics/principal.h"
#include "objectives/descent.h"

namespace belamy {
namespace {

constexpr std::int64_t kLatentBatch = 250;

Tensor drawn(Decoder& decoder, std::int64_t n, at::Generator generator) {
  const auto latents = decoder.draw_latent(n, generator);
  if (!latents.defined())
    throw usage_error("the model has no prior to draw latents from", "use a GAN, a VAE or a flow");
  return latents;
}

// The images of points of a space, on the CPU.
Tensor images_at(Decoder& decoder, const std::string& space, const Tensor& points) {
  std::vector<Tensor> parts;
  for (const auto& some : points.split(kLatentBatch)) parts.push_back(decoder.decode_from(space, some).cpu());
  return torch::cat(parts);
}

}  // namespace

void check_space(const Decoder& decoder, const std::string& space, const std::string& model) {
  const auto spaces = decoder.spaces();
  if (std::find(spaces.begin(), spaces.end(), space) != spaces.end()) return;
  throw usage_error(fmt::format("--space {}: {} has no such latents", space, model),
                    fmt::format("choose one of: {}", fmt::join(spaces, ", ")));
}

std::vector<std::pair<std::string, LayerSpan>> thirds_of_layers(std::int64_t layers) {
  const auto third = std::max<std::int64_t>(1, layers / 3);
  return {{"coarse", {0, third - 1}}, {"middle", {third, 2 * third - 1}}, {"fine", {2 * third, layers - 1}}};
}

Tensor mix_layers(const Tensor& outside, const Tensor& inside, const LayerSpan& span) {
  auto mixed = outside.clone();
  mixed.slice(1, span.first, span.last + 1).copy_(inside.slice(1, span.first, span.last + 1));
  return mixed;
}

Tensor linear_path(const Tensor& from, const Tensor& to, const Tensor& weights) {
  return from * (1 - weights) + to * weights;
}

Tensor spherical_path(const Tensor& from, const Tensor& to, const Tensor& weights) {
  const auto cosine = (from * to).sum(-1, true) / (from.norm(2, -1, true) * to.norm(2, -1, true));
  const auto angle = cosine.clamp(-1, 1).acos(), sine = angle.sin();
  const auto round = from * (((1 - weights) * angle).sin() / sine) + to * ((weights * angle).sin() / sine);
  return torch::where(sine < 1e-6, linear_path(from, to, weights), round);
}

Tensor find_latents(Decoder& decoder, const Tensor& wanted, const LatentSearch& search,
                    at::Generator generator, const std::function<void(double, double)>& progress) {
  const auto points = decoder.into(search.space, drawn(decoder, search.draws, generator));
  const auto nearest =
      nearest_neighbours(wanted.cpu().flatten(1), images_at(decoder, search.space, points).flatten(1))
          .indices;
  const auto deviation = points.std(0).mean().item<double>();
  const auto loss = [&](const Tensor& found) {
    const auto made = decoder.decode_from(search.space, found);
    const auto each = (made - wanted).square().flatten(1).mean(1);
    return search.distance ? each + search.distance(made, wanted) : each;
  };
  return objectives::descend(points.index_select(0, nearest.to(points.device())), search.steps,
                             search.rate * deviation, loss, progress);
}

Directions principal_directions(Decoder& decoder, const std::string& space, std::int64_t k,
                                at::Generator generator) {
  constexpr std::int64_t draws = 10'000;
  const auto points = decoder.into(space, drawn(decoder, draws, generator)).cpu();
  const auto found = principal_components(points, std::min(k, points.size(1)));
  return {found.mean.to(torch::kFloat),
          found.variances.narrow(0, 0, found.axes.size(0)).sqrt().to(torch::kFloat),
          found.axes.to(torch::kFloat)};
}

namespace {

// The mean of J^T J over some latents: [Z, Z].
Tensor change_of_images(Decoder& decoder, at::Generator generator) {
  constexpr std::int64_t places = 16;
  constexpr double step = 0.05;
  const auto latents = drawn(decoder, places, generator);
  const auto size = latents.size(1);
  const auto moves = step * torch::eye(size, latents.options());
  auto change = torch::zeros({size, size}, torch::kDouble);
  for (std::int64_t i = 0; i < places; ++i) {
    const auto slopes =
        (images_at(decoder, "z", latents[i] + moves) - images_at(decoder, "z", latents[i] - moves))
            .flatten(1) /
        (2 * step);
    change += torch::mm(slopes, slopes.t()).to(torch::kDouble) / places;
  }
  return change;
}

}  // namespace

Directions directions_of_change(Decoder& decoder, std::int64_t k, at::Generator generator) {
  const auto change = change_of_images(decoder, generator);
  const auto size = change.size(0);
  const auto [values, vectors] = torch::linalg_eigh(change);  // smallest first
  const auto count = std::min(k, size);
  return {torch::zeros({size}), torch::ones({count}),
          vectors.t().flip({0}).narrow(0, 0, count).to(torch::kFloat)};
}

Directions dimensions_of_change(Decoder& decoder, std::int64_t k, at::Generator generator) {
  const auto change = change_of_images(decoder, generator);
  const auto size = change.size(0), count = std::min(k, size);
  const auto largest = std::get<1>(change.diagonal().topk(count));
  return {torch::zeros({size}), torch::ones({count}), torch::eye(size).index_select(0, largest.cpu())};
}

}  // namespace belamy
