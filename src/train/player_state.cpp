#include "train/player_state.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "core/parallel.h"
#include "nn/substitution.h"
#include "train/optimizer_kernels.h"

namespace belamy {
namespace {

constexpr std::int64_t kPiece = 16384;

}  // namespace

PlayerState::PlayerState(const Player& player, const PlayerOptions& options)
    : name_(player.name), kind_(player.kind) {
  for (const auto& module : player.modules) {
    for (const auto& item : module->named_parameters()) {
      if (item.value().scalar_type() != torch::kFloat)
        throw std::logic_error("parameters must be 32-bit floats");
      parameters_.push_back(item.value());
    }
    for (const auto& item : module->named_buffers()) {
      if (item.value().is_floating_point()) buffers_.push_back(item.value());
    }
  }
  if (parameters_.empty()) throw std::logic_error("player '" + name_ + "' has no parameters");

  const torch::NoGradGuard no_grad;
  value_ = nn::flatten(parameters_);
  const auto views = views_of(value_);
  std::int64_t flat = 0;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    parameters_[i].set_data(views[i]);
    const auto size = parameters_[i].numel();
    for (std::int64_t begin = 0; begin < size; begin += kPiece)
      pieces_.push_back({i, begin, flat + begin, std::min(kPiece, size - begin)});
    flat += size;
  }
  set_options(options);
}

void PlayerState::set_options(const PlayerOptions& options) {
  options_ = options;
  if (!first_.defined() && options.optimizer != "rmsprop") first_ = torch::zeros_like(value_);
  if (!second_.defined() && options.optimizer != "sgd") second_ = torch::zeros_like(value_);
  if (!average_.defined() && options.average > 0) {
    average_ = value_.clone();
    for (const auto& buffer : buffers_) buffer_averages_.push_back(buffer.clone());
  }
}

void PlayerState::restart() {
  const torch::NoGradGuard no_grad;
  updates_ = 0;
  if (first_.defined()) first_.zero_();
  if (second_.defined()) second_.zero_();
  if (!average_.defined()) return;
  average_.copy_(value_);
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffer_averages_[i].copy_(buffers_[i]);
}

void PlayerState::set_gradient(const std::vector<Tensor>& gradients) {
  if (gradients.size() != parameters_.size()) {
    throw std::logic_error("player '" + name_ + "' has " + std::to_string(parameters_.size()) +
                           " parameters, not " + std::to_string(gradients.size()));
  }
  gradient_.clear();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    gradient_.push_back(gradients[i].defined() ? gradients[i].detach().contiguous()
                                               : torch::zeros_like(parameters_[i]));
  }
}

// One thread handles a whole piece, and sums are added in the order of the pieces, so the result does not
// depend on the number of threads.
template <class F>
void PlayerState::for_each_piece(F use) const {
  const auto count = static_cast<std::int64_t>(pieces_.size());
  const auto some = std::max<std::int64_t>(1, kPiece * count / std::max<std::int64_t>(value_.numel(), 1));
  parallel_for(0, count, some, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) use(static_cast<std::size_t>(i));
  });
}

Tensor PlayerState::gradient_norm() const {
  if (!value_.device().is_cpu()) return nn::flatten(gradient_).norm();
  std::vector<double> sums(pieces_.size());
  for_each_piece([&](std::size_t i) {
    const auto& piece = pieces_[i];
    sums[i] = sum_of_squares(gradient_[piece.parameter].data_ptr<float>() + piece.begin, piece.n);
  });
  return torch::tensor(static_cast<float>(std::sqrt(std::accumulate(sums.begin(), sums.end(), 0.0))));
}

std::vector<Tensor> PlayerState::views_of(const Tensor& flat) const {
  return flat.defined() ? nn::cut_like(flat, parameters_) : std::vector<Tensor>{};
}

OptimizerState PlayerState::optimizer_state() const {
  return {views_of(first_), views_of(second_), updates_};
}

namespace {

// The same rules by operations on whole buffers, for devices other than the CPU. If `alive` is false, the
// gradient is not finite and nothing changes; the host does not have to wait for this check.
void move_elsewhere(const PlayerOptions& o, const Tensor& value, const Tensor& gradient, const Tensor& first,
                    const Tensor& second, double lr, double t, const Tensor& alive) {
  const auto g = torch::where(alive, gradient, torch::zeros_like(gradient));
  const auto mask = alive.to(torch::kFloat);
  if (o.weight_decay > 0) value.sub_(value * (mask * (lr * o.weight_decay)));
  if (o.optimizer == "sgd") {
    first.mul_(1 - mask * (1 - o.beta1)).add_(g);
    value.sub_(first * (mask * lr));
  } else if (o.optimizer == "rmsprop") {
    second.add_((g.square() - second) * (mask * (1 - o.beta2)));
    value.sub_(lr * g / (second.sqrt() + o.epsilon));
  } else {
    first.add_((g - first) * (mask * (1 - o.beta1)));
    second.add_((g.square() - second) * (mask * (1 - o.beta2)));
    const double c1 = 1 / (1 - std::pow(o.beta1, t)), c2 = 1 / (1 - std::pow(o.beta2, t));
    value.sub_((first * c1) / ((second * c2).sqrt() + o.epsilon) * (mask * lr));
  }
}

}  // namespace

void PlayerState::move(double factor, const Tensor& norm) {
  const torch::NoGradGuard no_grad;
  ++updates_;
  const auto& o = options_;
  const double lr = o.lr * factor;
  const double t = static_cast<double>(updates_);
  // The average is short at first, so that it soon forgets the random start.
  const double keep = average_.defined() ? std::min(o.average, t / (t + 9)) : 0;
  if (!value_.device().is_cpu()) {
    const auto flat = nn::flatten(gradient_);
    const auto g = o.clip > 0 ? flat * (o.clip / norm).clamp_max(1) : flat;
    gradient_.clear();
    move_elsewhere(o, value_, g, first_, second_, lr, t, torch::isfinite(norm));
    if (average_.defined()) average_.lerp_(value_, 1 - keep);
    follow_buffers(keep);
    return;
  }

  double scale = 1;
  if (o.clip > 0) scale = std::min(1.0, o.clip / std::max(norm.item<double>(), 1e-30));
  const auto pointer = [](const Tensor& x) { return x.defined() ? x.data_ptr<float>() : nullptr; };
  auto *value = pointer(value_), *first = pointer(first_), *second = pointer(second_),
       *average = pointer(average_);
  const double decay = lr * o.weight_decay;
  for_each_piece([&](std::size_t i) {
    const auto& piece = pieces_[i];
    const auto at = [&piece](float* p) { return p ? p + piece.flat : nullptr; };
    const auto* gradient = gradient_[piece.parameter].data_ptr<float>() + piece.begin;
    const FlatRange part{at(value), gradient, at(first), at(second), at(average), piece.n};
    if (o.optimizer == "sgd") {
      fused_sgd(part, {lr, o.beta1, decay}, scale, keep);
    } else if (o.optimizer == "rmsprop") {
      fused_rmsprop(part, {lr, o.beta2, o.epsilon, decay}, scale, keep);
    } else {
      fused_adam(part,
                 {lr, o.beta1, o.beta2, o.epsilon, decay, 1 / (1 - std::pow(o.beta1, t)),
                  1 / (1 - std::pow(o.beta2, t))},
                 scale, keep);
    }
  });
  gradient_.clear();
  follow_buffers(keep);
}

void PlayerState::follow_buffers(double keep) {
  for (std::size_t i = 0; i < buffer_averages_.size(); ++i) buffer_averages_[i].lerp_(buffers_[i], 1 - keep);
}

void PlayerState::swap() {
  if (!average_.defined()) return;
  const torch::NoGradGuard no_grad;
  const auto exchange = [](Tensor a, Tensor b) {
    const auto copy = a.detach().clone();
    a.copy_(b);
    b.copy_(copy);
  };
  exchange(value_, average_);
  for (std::size_t i = 0; i < buffers_.size(); ++i) exchange(buffers_[i], buffer_averages_[i]);
}

std::vector<std::pair<std::string, Tensor>> PlayerState::state() const {
  std::vector<std::pair<std::string, Tensor>> all;
  if (first_.defined()) all.emplace_back("optimizer/" + name_ + "/first", first_);
  if (second_.defined()) all.emplace_back("optimizer/" + name_ + "/second", second_);
  if (average_.defined()) all.emplace_back("average/" + name_ + "/weights", average_);
  for (std::size_t i = 0; i < buffer_averages_.size(); ++i) {
    all.emplace_back("average/" + name_ + "/buffer-" + std::to_string(i), buffer_averages_[i]);
  }
  return all;
}

}  // namespace belamy
