#include "nn/layers.h"

#include <cmath>
#include <map>
#include <stdexcept>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <torch/version.h>

#include "nn/draws.h"
#include "nn/narrow.h"
#include "nn/norm.h"
#include "nn/products.h"
#include "nn/substitution.h"

namespace belamy::nn {
namespace {

// Whether transposed convolutions are faster with channels innermost, the conversion included: 10 to 20 % with the oneDNN
// of LibTorch 2.15, up to 15 % slower with that of 1.13.
constexpr bool kChannelsInnermost = TORCH_VERSION_MAJOR > 2 ||
                                    (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 15);

// y = conv_transpose(x, w): the adjoint of conv(y, w). All three passes are passes of that convolution, so
// its own double backward serves gradient penalties.
struct TransposedConvolution : torch::autograd::Function<TransposedConvolution> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x, const Tensor& weight,
                        std::int64_t stride, std::int64_t padding) {
    ctx->save_for_backward({x, weight});
    ctx->saved_data["stride"] = stride;
    ctx->saved_data["padding"] = padding;
    const auto kernel = weight.size(2);
    const auto side = [&](std::int64_t n) { return (n - 1) * stride - 2 * padding + kernel; };
    // Only the shape of the convolution's input is read.
    const auto input = torch::empty({x.size(0), weight.size(1), side(x.size(2)), side(x.size(3))},
                                    x.options().memory_format(x.suggest_memory_format()));
    return std::get<0>(at::convolution_backward(x, input, weight, c10::nullopt, {stride, stride},
                                                {padding, padding}, {1, 1}, false, {0, 0}, 1,
                                                {true, false, false}));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &grad = grads[0];
    const auto stride = ctx->saved_data["stride"].toInt(), padding = ctx->saved_data["padding"].toInt();
    Tensor grad_x, grad_weight;
    if (ctx->needs_input_grad(0)) grad_x = at::conv2d(grad, weight, {}, stride, padding);
    if (ctx->needs_input_grad(1)) {
      grad_weight = std::get<1>(at::convolution_backward(x, grad, weight, c10::nullopt, {stride, stride},
                                                         {padding, padding}, {1, 1}, false, {0, 0}, 1,
                                                         {false, true, false}));
    }
    return {grad_x, grad_weight, {}, {}};
  }
};

thread_local int data_starts = 0;

}  // namespace

DataStart::DataStart() {
  ++data_starts;
}

DataStart::~DataStart() {
  --data_starts;
}

bool DataStart::is_on() {
  return data_starts > 0;
}

std::pair<Tensor, Tensor> channel_moments(const Tensor& x) {
  std::vector<std::int64_t> others = {0};
  for (std::int64_t i = 2; i < x.dim(); ++i) others.push_back(i);
  const auto deviation = x.std(others, /*unbiased=*/false);
  return {x.mean(others), torch::where(deviation > 1e-6, deviation, torch::ones_like(deviation))};
}

Weighted::Weighted(at::IntArrayRef sizes, bool bias, Weighting weighting, double gain)
    : weighting_(weighting), gain_(gain) {
  const auto outputs = sizes[0];
  weight_ = register_parameter("weight", torch::zeros(sizes));
  if (weighting == Weighting::scaled) scale_ = register_parameter("scale", torch::ones({outputs}));
  if (weighting == Weighting::directed) scale_ = register_buffer("scale", torch::ones({outputs}));
  if (bias) bias_ = register_parameter("bias", torch::zeros({outputs}));
  if (weighting == Weighting::spectral) {
    const auto length = std::sqrt(static_cast<double>(outputs));
    direction_ = register_buffer("direction", torch::ones({outputs}) / length);
  }
}

const Tensor& Weighted::bias() const {
  return present(bias_);
}

Tensor Weighted::weight() {
  const auto& weight = present(weight_);
  if (weighting_ == Weighting::plain) return weight;
  const auto rows = weight.flatten(1);
  if (weighting_ == Weighting::equalised)
    return weight * (gain_ / std::sqrt(static_cast<double>(rows.size(1))));
  if (normalised()) return (rows * factors().unsqueeze(1)).view_as(weight);
  Tensor left, right;
  {
    const torch::NoGradGuard no_grad;
    const auto unit = [](const Tensor& v) { return v / v.norm().clamp_min(1e-12); };
    right = unit(at::mv(rows.t(), direction_));
    if (is_training()) direction_.copy_(unit(at::mv(rows, right)));
    left = direction_.clone();  // the next pass changes the buffer, which this pass's graph must not see
  }
  return weight / at::dot(left, at::mv(rows, right));
}

Tensor Weighted::factors() const {
  return present(scale_) / present(weight_).flatten(1).norm(2, 1);
}

Tensor Weighted::map(const Tensor& x) {
  if (!normalised()) return affine(x, weight(), bias());
  return affine(x, present(weight_)) * factors() + bias();  // cheaper than scaling the weights
}

void Weighted::standardise(const Tensor& outputs) {
  const auto [mean, deviation] = channel_moments(outputs);
  if (bias_.defined()) bias_.sub_(mean).div_(deviation);
  scale_.div_(deviation);
}

Dense::Dense(std::int64_t in, std::int64_t out, Weighting weighting, double gain)
    : Weighted({out, in}, true, weighting, gain) {}

Tensor Dense::forward(const Tensor& x) {
  if (starts()) standardise(map(x).to(torch::kFloat));
  return map(x).to(torch::kFloat);
}

Conv::Conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
           bool bias, Weighting weighting, double gain, std::int64_t dilation)
    : Weighted({out, in, kernel, kernel}, bias, weighting, gain),
      stride_(stride),
      padding_(padding),
      dilation_(dilation) {}

Tensor Conv::forward(const Tensor& x) {
  if (starts()) standardise(convolve(x).to(torch::kFloat));
  return convolve(x);
}

Tensor Conv::convolve(const Tensor& x) {
  const auto weight = this->weight();
  const auto kernel = weight.size(2);
  const bool in_lines = x.suggest_memory_format() == torch::MemoryFormat::Contiguous;
  if (dilation_ == 1 && in_lines && is_narrow(x, weight, weight.size(1)))
    return widening_convolution(x, weight, bias(), stride_, padding_);
  // With stride 1, a convolution is the adjoint of that with the kernel turned by 180 degrees.
  if (dilation_ == 1 && stride_ == 1 && padding_ < kernel && is_narrow(x, weight, weight.size(0))) {
    const auto y = narrowing_convolution(x, weight.transpose(0, 1).flip({2, 3}), 1, kernel - 1 - padding_);
    return bias().defined() ? y + bias().view({1, -1, 1, 1}) : y;
  }
  return at::conv2d(x, weight, bias(), stride_, padding_, dilation_);
}

PRelu::PRelu(std::int64_t channels) {
  slope_ = register_parameter("slope", torch::full({channels}, 0.25));
}

Tensor PRelu::forward(const Tensor& x) {
  return at::prelu(x, present(slope_).to(x.scalar_type()));
}

ConvTranspose::ConvTranspose(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride,
                             std::int64_t padding, bool bias)
    : stride_(stride), padding_(padding) {
  weight_ = register_parameter("weight", torch::zeros({in, out, kernel, kernel}));
  if (bias) bias_ = register_parameter("bias", torch::zeros({out}));
}

Tensor ConvTranspose::forward(const Tensor& x) {
  const auto &weight = present(weight_), &bias = present(bias_);
  if (!x.device().is_cpu() || !fast_paths()) return at::conv_transpose2d(x, weight, bias, stride_, padding_);
  if (is_narrow(x, weight, weight.size(1))) {
    const auto y = narrowing_convolution(x, weight, stride_, padding_);
    return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
  }
  // Autocast does not know this function.
  const auto type = autocasts_on_cpu() ? torch::kBFloat16 : weight.scalar_type();
  const bool recorded = torch::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad());
  const bool convert = kChannelsInnermost && !recorded;
  const auto values = convert ? x.contiguous(torch::MemoryFormat::ChannelsLast) : x;
  const auto y = TransposedConvolution::apply(values.to(type), weight.to(type), stride_, padding_);
  return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
}

Tensor Dropout::forward(const Tensor& x) {
  if (!is_training() || probability_ == 0) return x;
  return x * dropout_like(x, 1 - probability_, generator_);
}

Maxout::Maxout(std::int64_t in, std::int64_t out, std::int64_t pieces, Weighting weighting)
    : Weighted({out * pieces, in}, true, weighting), out_(out), pieces_(pieces) {}

Tensor Maxout::forward(const Tensor& x) {
  return std::get<0>(map(x).view({x.size(0), out_, pieces_}).max(2));
}

Tensor Noise::forward(const Tensor& x) {
  return is_training() && deviation_ > 0 ? x + normal_like(x, deviation_, generator_) : x;
}

namespace {

const std::map<std::string, std::function<Tensor(const Tensor&)>>& activations() {
  static const std::map<std::string, std::function<Tensor(const Tensor&)>> all = {
      {"relu", Rectifier{0}},
      {"leaky-relu", Rectifier{0.2}},
      {"tanh", [](const Tensor& x) { return torch::tanh(x); }},
      {"sigmoid", [](const Tensor& x) { return torch::sigmoid(x); }},
      {"softplus", [](const Tensor& x) { return at::softplus(x); }},
      {"gelu", [](const Tensor& x) { return at::gelu(x); }},
      {"elu", [](const Tensor& x) { return at::elu(x); }},
  };
  return all;
}

}  // namespace

std::function<Tensor(const Tensor&)> activation(const std::string& name) {
  const auto found = activations().find(name);
  if (found == activations().end()) throw std::logic_error("no activation is called " + name);
  return found->second;
}

const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, function] : activations()) all.push_back(name);
    return all;
  }();
  return names;
}

Tensor Rectifier::operator()(const Tensor& x) const {
  return slope == 0 ? torch::relu(x) : at::leaky_relu(x, slope);
}

Chain& Chain::add(std::function<Tensor(const Tensor&)> function) {
  Step step;
  if (const auto* rectifier = function.target<Rectifier>()) step.rectifier = rectifier->slope;
  step.run = [function = std::move(function)](const Tensor& x, const Tensor&) { return function(x); };
  steps_.push_back(std::move(step));
  return *this;
}

Chain& Chain::add_conditional(std::function<Tensor(const Tensor&, const Tensor&)> function) {
  steps_.push_back({std::move(function), nullptr, std::nullopt});
  return *this;
}

Tensor Chain::forward(Tensor x, std::size_t first, std::size_t last, const Tensor& condition) const {
  for (auto i = first; i < last; ++i) {
    const auto& step = steps_[i];
    if (step.norm && i + 1 < last && steps_[i + 1].rectifier) {
      x = step.norm->forward(x, *steps_[++i].rectifier);
    } else {
      x = step.run(x, condition);
    }
  }
  return x;
}

std::vector<Tensor> Chain::pictures(Tensor x, const Tensor& condition) const {
  std::vector<Tensor> seen;
  for (const auto& step : steps_) {
    const auto before = x;
    x = step.run(x, condition);
    const bool same = !seen.empty() && x.dim() == 4 && seen.back().sizes() == x.sizes();
    if (same) {
      seen.back() = x;
    } else if (x.dim() == 4 && x.size(1) != before.size(1)) {
      seen.push_back(x);
    } else if (x.dim() != 4) {
      break;
    }
  }
  return seen;
}

}  // namespace belamy::nn
