#include "nn/pixel_network.h"

#include <memory>
#include <string>
#include <torch/types.h>
#include <tuple>
#include <utility>
#include <vector>

#include "nn/causal.h"
#include "nn/gate.h"
#include "nn/init.h"

namespace belamy::nn {
namespace {

// Two 1x1 layers, the last of every pixel network.
struct Head : torch::nn::Module {
  Head(std::int64_t in, std::int64_t features, std::int64_t outputs) {
    first = register_module("first", std::make_shared<Pointwise>(in, features));
    last = register_module("last", std::make_shared<Pointwise>(features, outputs));
  }
  Tensor forward(const Tensor& x) {
    return last->forward(torch::relu(first->forward(torch::relu(x)))).to(torch::kFloat);
  }
  Tensor at(const Tensor& x) { return last->at(torch::relu(first->at(torch::relu(x)))); }

  std::shared_ptr<Pointwise> first, last;
};

// x + 1x1(relu(masked(relu(1x1(relu(x)))))).
struct PlainBlock : torch::nn::Module {
  PlainBlock(std::int64_t width, std::int64_t kernel) {
    down = register_module("down", std::make_shared<Pointwise>(2 * width, width));
    masked = register_module("masked", std::make_shared<CausalConv>(width, width, kernel, Reach::until));
    up = register_module("up", std::make_shared<Pointwise>(width, 2 * width));
  }
  Tensor forward(const Tensor& x) {
    const auto inner = torch::relu(down->forward(torch::relu(x)));
    return x + up->forward(torch::relu(masked->forward(inner)));
  }
  Tensor at(const Tensor& x, CausalWalk& walk, std::int64_t column) {
    walk.put(column, torch::relu(down->at(torch::relu(x))));
    return x + up->at(torch::relu(walk.at(column)));
  }

  std::shared_ptr<Pointwise> down, up;
  std::shared_ptr<CausalConv> masked;
};

class PlainNetwork final : public PixelNetwork {
 public:
  explicit PlainNetwork(const PixelNetworkShape& s) {
    first_ = register_module(
        "first", std::make_shared<CausalConv>(s.channels, 2 * s.width, s.first_kernel, Reach::before));
    for (std::int64_t i = 0; i < s.blocks; ++i) {
      blocks_.push_back(
          register_module("block-" + std::to_string(i + 1), std::make_shared<PlainBlock>(s.width, s.kernel)));
    }
    head_ = register_module("head", std::make_shared<Head>(2 * s.width, s.head, s.outputs));
  }

  Tensor forward(const Tensor& x) override {
    auto y = first_->forward(channels_last(x));
    for (const auto& block : blocks_) y = block->forward(y);
    return head_->forward(y);
  }

  std::unique_ptr<PixelWalk> walk(std::int64_t n, std::int64_t width) override {
    return std::make_unique<Walk>(*this, n, width);
  }

 private:
  class Walk final : public PixelWalk {
   public:
    Walk(PlainNetwork& network, std::int64_t n, std::int64_t width)
        : network_(network), first_(*network.first_, n, width) {
      for (const auto& block : network.blocks_) masked_.emplace_back(*block->masked, n, width);
    }
    void begin_row() override {
      first_.begin_row();
      for (auto& walk : masked_) walk.begin_row();
    }
    Tensor at(std::int64_t column) override {
      auto y = first_.at(column);
      for (std::size_t i = 0; i < masked_.size(); ++i) y = network_.blocks_[i]->at(y, masked_[i], column);
      return network_.head_->at(y);
    }
    void put(std::int64_t column, const Tensor& values) override { first_.put(column, values); }

   private:
    PlainNetwork& network_;
    CausalWalk first_;
    std::vector<CausalWalk> masked_;
  };

  std::shared_ptr<CausalConv> first_;
  std::vector<std::shared_ptr<PlainBlock>> blocks_;
  std::shared_ptr<Head> head_;
};

// One layer of both stacks. The vertical features v at a pixel depend on the rows above it, the horizontal ones
// h also on its own row. The first layer alone must not see the pixel itself; it has no residual connection,
// which would show it the pixel.
struct GatedLayer : torch::nn::Module {
  GatedLayer(std::int64_t in, std::int64_t width, std::int64_t kernel, bool is_first) : first(is_first) {
    vertical = register_module("vertical", std::make_shared<CausalConv>(
                                               in, 2 * width, kernel, first ? Reach::above : Reach::down_to));
    horizontal = register_module(
        "horizontal",
        std::make_shared<CausalConv>(in, 2 * width, kernel, first ? Reach::left : Reach::left_until));
    across = register_module("across", std::make_shared<Pointwise>(2 * width, 2 * width));
    out = register_module("out", std::make_shared<Pointwise>(width, width));
  }
  // With `last`, v is not computed further.
  std::pair<Tensor, Tensor> forward(const Tensor& v, const Tensor& h, bool last) {
    const auto rows = vertical->forward(v);
    const auto y = out->forward(gate(horizontal->forward(h), across->forward(rows)));
    return {last ? Tensor() : gate(rows), first ? y : h + y};
  }

  bool first;
  std::shared_ptr<CausalConv> vertical, horizontal;
  std::shared_ptr<Pointwise> across, out;
};

class GatedNetwork final : public PixelNetwork {
 public:
  explicit GatedNetwork(const PixelNetworkShape& s) {
    for (std::int64_t i = 0; i <= s.blocks; ++i) {
      const bool first = i == 0;
      layers_.push_back(
          register_module("layer-" + std::to_string(i),
                          std::make_shared<GatedLayer>(first ? s.channels : s.width, s.width,
                                                       first ? s.first_kernel : s.kernel, first)));
    }
    head_ = register_module("head", std::make_shared<Head>(s.width, s.head, s.outputs));
  }

  Tensor forward(const Tensor& x) override {
    auto v = channels_last(x), h = v;
    for (const auto& layer : layers_) std::tie(v, h) = layer->forward(v, h, layer == layers_.back());
    return head_->forward(h);
  }

  std::unique_ptr<PixelWalk> walk(std::int64_t n, std::int64_t width) override {
    return std::make_unique<Walk>(*this, n, width);
  }

 private:
  // The vertical stack is computed for a whole row at its begin, the horizontal one pixel by pixel.
  class Walk final : public PixelWalk {
   public:
    Walk(GatedNetwork& network, std::int64_t n, std::int64_t width) : network_(network) {
      for (const auto& layer : network.layers_) {
        vertical_.emplace_back(*layer->vertical, n, width);
        horizontal_.emplace_back(*layer->horizontal, n, width);
      }
      from_rows_.resize(vertical_.size());
    }
    void begin_row() override {
      Tensor v;
      for (std::size_t i = 0; i < vertical_.size(); ++i) {
        vertical_[i].begin_row();
        horizontal_[i].begin_row();
        const auto rows = i == 0 ? vertical_[i].row() : vertical_[i].row(v);  // [N, W, 2 width]
        from_rows_[i] = network_.layers_[i]->across->at(rows.flatten(0, 1)).view_as(rows);
        if (i + 1 < vertical_.size()) v = gate(rows.flatten(0, 1)).view({rows.size(0), rows.size(1), -1});
      }
    }
    Tensor at(std::int64_t column) override {
      Tensor h;
      for (std::size_t i = 0; i < horizontal_.size(); ++i) {
        if (i > 0) horizontal_[i].put(column, h);
        const auto y =
            network_.layers_[i]->out->at(gate(horizontal_[i].at(column), from_rows_[i].select(1, column)));
        h = i == 0 ? y : h + y;
      }
      return network_.head_->at(h);
    }
    void put(std::int64_t column, const Tensor& values) override {
      vertical_[0].put(column, values);
      horizontal_[0].put(column, values);
    }

   private:
    GatedNetwork& network_;
    std::vector<CausalWalk> vertical_, horizontal_;
    std::vector<Tensor> from_rows_;  // [N, W, 2 width] each
  };

  std::vector<std::shared_ptr<GatedLayer>> layers_;
  std::shared_ptr<Head> head_;
};

}  // namespace

std::shared_ptr<PixelNetwork> make_pixel_network(const PixelNetworkShape& shape, at::Generator generator) {
  std::shared_ptr<PixelNetwork> network;
  if (shape.gated) {
    network = std::make_shared<GatedNetwork>(shape);
  } else {
    network = std::make_shared<PlainNetwork>(shape);
  }
  initialise(*network, Init::glorot, generator);
  return network;
}

}  // namespace belamy::nn
