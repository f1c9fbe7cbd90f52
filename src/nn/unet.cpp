#include "nn/unet.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "nn/init.h"
#include "nn/products.h"
#include "nn/substitution.h"

namespace belamy::nn {
namespace {

constexpr std::int64_t kHeadWidth = 32;

void set_to_zero(torch::nn::Module& layer) {
  const torch::NoGradGuard no_grad;
  for (auto& parameter : layer.parameters()) parameter.zero_();
}

}  // namespace

Tensor time_waves(const Tensor& times, std::int64_t size) {
  const auto half = size / 2;
  const auto places = torch::arange(half, torch::TensorOptions(torch::kFloat).device(times.device()));
  const auto frequencies = (places * (-std::log(1e4) / static_cast<double>(half - 1))).exp();
  const auto angles = times.to(torch::kFloat).unsqueeze(1) * frequencies;
  return at::cat({angles.sin(), angles.cos()}, 1);
}

TimeCode::TimeCode(std::int64_t waves, std::int64_t size, std::int64_t classes)
    : waves_(waves), classes_(classes) {
  first_ = register_module("first", std::make_shared<Dense>(waves, size));
  second_ = register_module("second", std::make_shared<Dense>(size, size));
  if (classes > 0) table_ = register_parameter("classes", torch::zeros({classes + 1, size}));
}

Tensor TimeCode::forward(const Tensor& times, const Tensor& labels) {
  const auto code = second_->forward(at::silu(first_->forward(time_waves(times, waves_))));
  if (classes_ == 0) return code;
  // A product in place of index_select, whose gradient adds up in any order on a GPU.
  const auto rows = torch::arange(classes_ + 1, labels.options());
  return code + product((labels.unsqueeze(1) == rows).to(torch::kFloat), present(table_));
}

void TimeCode::spread_classes(at::Generator generator) {
  const torch::NoGradGuard no_grad;
  if (classes_ > 0)
    table_.copy_(torch::randn(table_.sizes(), generator, table_.options().requires_grad(false)));
}

ResidualBlock::ResidualBlock(std::int64_t in, std::int64_t out, std::int64_t code, double dropout,
                             at::Generator generator) {
  first_norm_ = register_module("first_norm", std::make_shared<GroupNorm>(in));
  first_ = register_module("first", std::make_shared<Conv>(in, out, 3, 1, 1, true));
  from_code_ = register_module("from_code", std::make_shared<Dense>(code, 2 * out));
  second_norm_ = register_module("second_norm", std::make_shared<GroupNorm>(out));
  if (dropout > 0) dropout_ = register_module("dropout", std::make_shared<Dropout>(dropout, generator));
  second_ = register_module("second", std::make_shared<Conv>(out, out, 3, 1, 1, true));
  if (in != out) direct_ = register_module("direct", std::make_shared<Conv>(in, out, 1, 1, 0, true));
}

Tensor ResidualBlock::forward(const Tensor& x, const Tensor& code) {
  auto h = first_->forward(first_norm_->forward(x));
  h = second_norm_->forward(h, from_code_->forward(code));
  if (dropout_) h = dropout_->forward(h);
  return (direct_ ? direct_->forward(x) : x) + second_->forward(h);
}

void ResidualBlock::start_at_zero() {
  set_to_zero(*second_);
}

Attention::Attention(std::int64_t channels) : heads_(channels % kHeadWidth == 0 ? channels / kHeadWidth : 1) {
  norm_ = register_module("norm", std::make_shared<GroupNorm>(channels, /*plain=*/true));
  inputs_ = register_module("inputs", std::make_shared<Dense>(channels, 3 * channels));
  projection_ = register_module("projection", std::make_shared<Dense>(channels, channels));
}

Tensor Attention::forward(const Tensor& x) {
  const auto n = x.size(0), channels = x.size(1), places = x.size(2) * x.size(3), each = channels / heads_;
  // Channels-last maps are rows of channels already.
  const auto rows = norm_->forward(x).permute({0, 2, 3, 1}).reshape({n * places, channels});
  const auto all = inputs_->forward(rows).view({n, places, 3, heads_, each}).permute({2, 0, 3, 1, 4});
  const auto query = all[0].reshape({n * heads_, places, each}) / std::sqrt(static_cast<double>(each));
  const auto key = all[1].reshape({n * heads_, places, each}),
             value = all[2].reshape({n * heads_, places, each});
  const auto seen = at::bmm(at::softmax(at::bmm(query, key.transpose(1, 2)), 2), value);
  const auto joined = seen.view({n, heads_, places, each}).transpose(1, 2).reshape({n * places, channels});
  const auto out = projection_->forward(joined).view({n, x.size(2), x.size(3), channels});
  return x + out.permute({0, 3, 1, 2});
}

void Attention::start_at_zero() {
  set_to_zero(*projection_);
}

UNet::UNet(const UNetSettings& settings, at::Generator generator)
    : settings_(settings), generator_(generator), code_(4 * settings.base) {
  const auto patch = settings.patch, base = settings.base;
  const auto values = settings.channels * patch * patch;
  time_ = register_module("time", std::make_shared<TimeCode>(base, code_, settings.classes));
  stem_ = register_module("stem", std::make_shared<Conv>(values, base, 3, 1, 1, true));
  auto height = settings.height / patch, width = settings.width / patch;
  auto channels = base;
  std::vector<std::vector<std::int64_t>> kept;  // channels of the blocks going down
  std::vector<std::int64_t> sides;
  const auto levels = settings.multipliers.size();
  levels_.resize(levels);
  for (std::size_t i = 0; i < levels; ++i) {
    const auto name = std::to_string(i + 1);
    kept.emplace_back();
    sides.push_back(std::max(height, width));
    for (std::int64_t b = 0; b < settings.blocks; ++b) {
      const auto next = base * settings.multipliers[i];
      levels_[i].down.push_back(
          make_block("down_" + name + "_" + std::to_string(b + 1), channels, next, sides[i]));
      channels = next;
      kept[i].push_back(channels);
    }
    if (i + 1 < levels && height % 2 == 0 && width % 2 == 0) {
      levels_[i].halve =
          register_module("halve_" + name, std::make_shared<Conv>(channels, channels, 3, 2, 1, true));
      height /= 2;
      width /= 2;
    }
  }
  for (int b = 1; b <= 2; ++b) {
    middle_.push_back(
        make_block("middle_" + std::to_string(b), channels, channels, b == 1 ? sides.back() : 1 << 30));
  }
  for (std::size_t i = levels; i-- > 0;) {
    const auto name = std::to_string(i + 1);
    if (levels_[i].halve) {
      const auto next = base * settings.multipliers[i];
      levels_[i].double_ =
          register_module("double_" + name, std::make_shared<Conv>(channels, next, 3, 1, 1, true));
      channels = next;
    }
    for (std::int64_t b = 0; b < settings.blocks; ++b) {
      const auto skip = kept[i][static_cast<std::size_t>(settings.blocks - 1 - b)];
      const auto next = base * settings.multipliers[i];
      levels_[i].up.push_back(
          make_block("up_" + name + "_" + std::to_string(b + 1), channels + skip, next, sides[i]));
      channels = next;
    }
  }
  head_norm_ = register_module("head_norm", std::make_shared<GroupNorm>(channels));
  head_ = register_module("head", std::make_shared<Conv>(channels, settings.outputs * values, 3, 1, 1, true));

  initialise(*this, Init::glorot, generator);
  time_->spread_classes(generator);
  set_to_zero(*head_);
  for (const auto& child : modules(/*include_self=*/false)) {
    if (auto* block = child->as<ResidualBlock>()) block->start_at_zero();
    if (auto* attention = child->as<Attention>()) attention->start_at_zero();
  }
}

UNet::Block UNet::make_block(const std::string& name, std::int64_t in, std::int64_t out, std::int64_t side) {
  Block block;
  block.residual =
      register_module(name, std::make_shared<ResidualBlock>(in, out, code_, settings_.dropout, generator_));
  if (side <= settings_.attention) {
    block.attention = register_module(name + "_attention", std::make_shared<Attention>(out));
  }
  return block;
}

Tensor UNet::Block::forward(const Tensor& x, const Tensor& code) const {
  const auto h = residual->forward(x, code);
  return attention ? attention->forward(h) : h;
}

Tensor UNet::forward(const Tensor& x, const Tensor& times, const Tensor& labels) {
  const auto code = at::silu(time_->forward(times, labels));
  const auto patch = settings_.patch;
  auto h = patch > 1 ? at::pixel_unshuffle(x, patch) : x;
  h = stem_->forward(h.contiguous(torch::MemoryFormat::ChannelsLast));
  std::vector<Tensor> kept;
  for (const auto& level : levels_) {
    for (const auto& block : level.down) kept.push_back(h = block.forward(h, code));
    if (level.halve) h = level.halve->forward(h);
  }
  for (const auto& block : middle_) h = block.forward(h, code);
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (level->double_) {
      h = level->double_->forward(at::upsample_nearest2d(h, {2 * h.size(2), 2 * h.size(3)}));
    }
    for (const auto& block : level->up) {
      h = block.forward(at::cat({h, kept.back()}, 1), code);
      kept.pop_back();
    }
  }
  h = head_->forward(head_norm_->forward(h)).to(torch::kFloat);
  return patch > 1 ? at::pixel_shuffle(h, patch) : h.contiguous();
}

TimePerceptron::TimePerceptron(std::int64_t dimension, std::int64_t width, std::int64_t blocks,
                               std::int64_t outputs, std::int64_t classes, at::Generator generator) {
  time_ = register_module(
      "time", std::make_shared<TimeCode>(std::max<std::int64_t>(4, width / 4 * 2), width, classes));
  stem_ = register_module("stem", std::make_shared<Dense>(dimension, width));
  for (std::int64_t b = 1; b <= blocks; ++b) {
    const auto name = "block_" + std::to_string(b);
    Block block;
    block.first = register_module(name + "_first", std::make_shared<Dense>(width, width));
    block.from_code = register_module(name + "_from_code", std::make_shared<Dense>(width, width));
    block.second = register_module(name + "_second", std::make_shared<Dense>(width, width));
    blocks_.push_back(block);
  }
  head_ = register_module("head", std::make_shared<Dense>(width, outputs * dimension));
  initialise(*this, Init::glorot, generator);
  time_->spread_classes(generator);
  set_to_zero(*head_);
}

Tensor TimePerceptron::forward(const Tensor& x, const Tensor& times, const Tensor& labels) {
  const auto code = at::silu(time_->forward(times, labels));
  auto h = stem_->forward(x);
  for (const auto& block : blocks_) {
    const auto inner = block.first->forward(at::silu(h)) + block.from_code->forward(code);
    h = h + block.second->forward(at::silu(inner));
  }
  return head_->forward(at::silu(h));
}

}  // namespace belamy::nn
