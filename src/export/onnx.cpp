// The table below has one entry for each operation of LibTorch. Opset 17, representation 8: every onnxruntime since 1.12.
#include "export/onnx.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <limits>
#include <map>
#include <numbers>
#include <numeric>
#include <optional>
#include <set>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/types.h>
#include <unordered_map>

#include "belamy/error.h"

#include "core/version.h"
#include "export/protobuf.h"

namespace belamy {
namespace {

namespace jit = torch::jit;
using Ints = std::vector<std::int64_t>;
using Names = std::vector<std::string>;
using torch::Tensor;

// Numbers of fields and types in onnx.proto.
constexpr std::int64_t kFloat = 1, kUint8 = 2, kInt64 = 7, kBool = 9, kDouble = 11;

std::int64_t type_number(torch::ScalarType type) {
  switch (type) {
    case torch::kFloat: return kFloat;
    case torch::kByte: return kUint8;
    case torch::kLong: return kInt64;
    case torch::kBool: return kBool;
    case torch::kDouble: return kDouble;
    default: throw usage_error(fmt::format("ONNX files of Belamy have no values of type {}", toString(type)));
  }
}

Message tensor_message(const std::string& name, const Tensor& tensor) {
  const auto plain = tensor.detach().cpu().contiguous();
  Message message;
  for (const auto size : plain.sizes()) message.integer(1, size);
  message.integer(2, type_number(plain.scalar_type()));
  message.text(8, name);
  message.text(9, {static_cast<const char*>(plain.data_ptr()), plain.nbytes()});
  return message;
}

struct Attribute {
  Attribute(const char* name, std::int64_t value) { head(name, 2).integer(3, value); }
  Attribute(const char* name, double value) { head(name, 1).real(2, static_cast<float>(value)); }
  Attribute(const char* name, const char* value) { head(name, 3).text(4, value); }
  Attribute(const char* name, const Ints& values) {
    head(name, 7);
    for (const auto value : values) message.integer(8, value);
  }
  Message message;

 private:
  Message& head(const char* name, std::int64_t type) {
    message.text(1, name);
    message.integer(20, type);
    return message;
  }
};

// A whole number, or a multiple of the batch.
struct Size {
  std::int64_t value = 0;
  bool of_batch = false;
};

// Writes a graph of LibTorch as one of ONNX. The numbers of fields are those of onnx.proto.
class Writer {
 public:
  explicit Writer(const std::map<std::string, Tensor>& weights) {
    for (const auto& [name, tensor] : weights) weights_[tensor.data_ptr()] = {name, tensor.sizes().vec()};
  }

  // --- What is written ---

  // An operation of ONNX; returns the name of its result.
  std::string op(const char* type, const Names& inputs, const std::vector<Attribute>& attributes = {},
                 const std::string& called = "") {
    Message node;
    for (const auto& input : inputs) node.text(1, input);
    const auto name = called.empty() ? fmt::format("{}_{}", type, ++count_) : called;
    node.text(2, name);
    node.text(3, name);
    node.text(4, type);
    for (const auto& attribute : attributes) node.message(5, attribute.message);
    graph_.message(1, node);
    return name;
  }
  std::string constant(const Tensor& tensor, const std::string& name = "") {
    const auto called = name.empty() ? fmt::format("constant_{}", ++count_) : name;
    graph_.message(5, tensor_message(called, tensor));
    return called;
  }
  // Whole numbers, and one number of the type of `like`, as constants.
  std::string ints(const Ints& values) { return constant(torch::tensor(values, torch::kLong)); }
  std::string scalar(double value, const jit::Value* like) {
    return constant(torch::scalar_tensor(value, type_of(like)));
  }

  // --- The values of the graph ---

  void name(const jit::Value* value, const std::string& name) { names_[value] = name; }
  // The name of a tensor; a constant is written when it is first used.
  std::string operator()(const jit::Value* value) {
    const auto found = names_.find(value);
    if (found != names_.end()) return found->second;
    const auto known = jit::toIValue(value);
    if (!known || !known->isTensor())
      throw usage_error(fmt::format("ONNX: '{}' is no tensor", value->debugName()));
    const auto tensor = known->toTensor();
    const auto weight = weights_.find(tensor.data_ptr());
    const bool named = weight != weights_.end() && weight->second.second == tensor.sizes() &&
                       used_.insert(weight->second.first).second;
    return names_[value] = constant(tensor, named ? weight->second.first : "");
  }
  static bool is_none(const jit::Value* value) { return value->node()->mustBeNone(); }
  static jit::IValue known(const jit::Value* value) {
    auto found = jit::toIValue(value);
    if (!found)
      throw usage_error("ONNX: an argument of " + std::string(value->node()->kind().toQualString()) +
                        " is not known");
    return *found;
  }
  static std::int64_t integer(const jit::Value* value) {
    const auto found = known(value);
    return found.isBool() ? found.toBool() : found.toInt();
  }
  static double real(const jit::Value* value) {
    const auto found = known(value);
    return found.isInt() ? static_cast<double>(found.toInt()) : found.toDouble();
  }
  // A list of whole numbers, as long as `count` if that is given and the list has one only.
  static Ints list(const jit::Value* value, std::size_t count = 0) {
    Ints all;
    for (const auto& each : sizes(value)) {
      if (each.of_batch) throw usage_error("ONNX: an argument depends on the batch");
      all.push_back(each.value);
    }
    if (all.size() == 1 && count > 1) all.resize(count, all[0]);
    return all;
  }
  static std::vector<Size> sizes(const jit::Value* value) {
    if (const auto found = jit::toIValue(value)) {
      if (found->isInt()) return {{found->toInt()}};
      std::vector<Size> all;
      for (const auto each : found->toIntVector()) all.push_back({each});
      return all;
    }
    std::vector<Size> all;
    const auto* node = value->node();
    if (node->kind() == jit::prim::ListConstruct) {
      for (const auto* each : node->inputs()) all.push_back(sizes(each).at(0));
    } else if (node->kind() == c10::aten::size) {
      all.push_back({1, true});
    } else if (node->kind() == c10::aten::mul) {
      all.push_back({sizes(node->inputs()[1]).at(0).value, true});
    } else {
      throw usage_error("ONNX: a size comes from " + std::string(node->kind().toQualString()));
    }
    return all;
  }
  // A list of sizes as a tensor of ONNX, [count].
  std::string shape(const std::vector<Size>& wanted) {
    if (std::none_of(wanted.begin(), wanted.end(), [](const Size& size) { return size.of_batch; })) {
      Ints plain;
      for (const auto& size : wanted) plain.push_back(size.value);
      return ints(plain);
    }
    Names parts;
    for (const auto& size : wanted) {
      if (!size.of_batch) {
        parts.push_back(ints({size.value}));
        continue;
      }
      if (batch_.empty()) batch_ = op("Slice", {op("Shape", {first_input}), ints({0}), ints({1})});
      parts.push_back(size.value == 1 ? batch_ : op("Mul", {batch_, ints({size.value})}));
    }
    return parts.size() == 1 ? parts[0] : op("Concat", parts, {{"axis", std::int64_t{0}}});
  }
  static std::int64_t rank(const jit::Value* value) {
    const auto found = value->type()->expect<c10::TensorType>()->dim();
    if (!found) throw usage_error("ONNX: the dimensions of a value are not known");
    return static_cast<std::int64_t>(*found);
  }
  static torch::ScalarType type_of(const jit::Value* value) {
    if (const auto type = value->type()->cast<c10::TensorType>())
      if (const auto scalar = type->scalarType()) return *scalar;
    return torch::kFloat;
  }
  static std::int64_t axis(const jit::Value* value, const jit::Value* of) {
    const auto found = integer(value);
    return found < 0 ? found + rank(of) : found;
  }
  static Ints all_axes(const jit::Value* of) {
    Ints all(static_cast<std::size_t>(rank(of)));
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  // No axes stand for all.
  static Ints axes(const jit::Value* value, const jit::Value* of) {
    if (is_none(value)) return all_axes(of);
    Ints all;
    for (const auto each : list(value)) all.push_back(each < 0 ? each + rank(of) : each);
    return all.empty() ? all_axes(of) : all;
  }
  // A tensor, or a number as a tensor of the type of `like`.
  std::string operand(const jit::Value* value, const jit::Value* like) {
    if (value->type()->kind() == c10::TypeKind::TensorType) {
      const auto found = (*this)(value);
      return type_of(value) == type_of(like) ? found
                                             : op("Cast", {found}, {{"to", type_number(type_of(like))}});
    }
    return scalar(real(value), like);
  }

  // The whole file.
  std::string finish(const ExportedGraph& graph, const ExportedFunction& function,
                     const std::map<std::string, std::string>& facts) {
    const auto about = [](const std::string& name, const Tensor& example) {
      Message dims, dim;
      dim.text(2, "batch");
      dims.message(1, dim);
      for (const auto size : example.sizes().slice(1)) {
        Message fixed;
        fixed.integer(1, size);
        dims.message(1, fixed);
      }
      Message tensor, kind, info;
      tensor.integer(1, type_number(example.scalar_type()));
      tensor.message(2, dims);
      kind.message(1, tensor);
      info.text(1, name);
      info.message(2, kind);
      return info;
    };
    graph_.text(2, function.name);
    for (std::size_t i = 0; i < function.inputs.size(); ++i)
      graph_.message(11, about(function.inputs[i].name, graph.inputs[i]));
    graph_.message(12, about(function.output, graph.output));
    Message whole, opset;
    whole.integer(1, 8);
    whole.text(2, "belamy");
    whole.text(3, version());
    whole.message(7, graph_);
    opset.text(1, "");
    opset.integer(2, 17);
    whole.message(8, opset);
    for (const auto& [key, value] : facts) {
      Message fact;
      fact.text(1, key);
      fact.text(2, value);
      whole.message(14, fact);
    }
    return whole.bytes();
  }

  std::string first_input;

 private:
  Message graph_;
  std::string batch_;  // the number of examples, [1], once it was needed
  int count_ = 0;
  std::unordered_map<const jit::Value*, std::string> names_;
  std::unordered_map<const void*, std::pair<std::string, Ints>> weights_;
  std::set<std::string> used_;
};

using Arguments = at::ArrayRef<const jit::Value*>;
using Translation = std::function<std::string(Writer&, Arguments, const jit::Value* out)>;

Translation plain(const char* type) {
  return [type](Writer& w, Arguments a, const jit::Value*) { return w.op(type, {w(a[0])}); };
}
Translation same() {
  return [](Writer& w, Arguments a, const jit::Value*) { return w(a[0]); };
}
// a + b and the like. In `scaled` operations a third argument multiplies b.
Translation binary(const char* type, bool scaled = false) {
  return [type, scaled](Writer& w, Arguments a, const jit::Value* out) {
    auto second = w.operand(a[1], out);
    if (scaled && a.size() > 2 && Writer::real(a[2]) != 1)
      second = w.op("Mul", {second, w.scalar(Writer::real(a[2]), out)});
    return w.op(type, {w.operand(a[0], out), second});
  };
}
Translation compared(const char* type, bool negated = false) {
  return [type, negated](Writer& w, Arguments a, const jit::Value*) {
    const auto found = w.op(type, {w(a[0]), w.operand(a[1], a[0])});
    return negated ? w.op("Not", {found}) : found;
  };
}
// Over the axes in the second argument, or over all.
Translation reduced(const char* type) {
  return [type](Writer& w, Arguments a, const jit::Value*) {
    const bool all = a.size() < 3 || Writer::is_none(a[1]) || a[1]->type()->kind() == c10::TypeKind::IntType;
    const auto axes = all ? Writer::all_axes(a[0]) : Writer::axes(a[1], a[0]);
    const auto kept = all ? 0 : Writer::integer(a[2]);
    // ReduceSum alone has its axes as an input in opset 17.
    if (std::string_view(type) == "ReduceSum")
      return w.op(type, {w(a[0]), w.ints(axes)}, {{"keepdims", kept}});
    return w.op(type, {w(a[0])}, {{"axes", axes}, {"keepdims", kept}});
  };
}
Translation padded(const char* mode) {
  return [mode](Writer& w, Arguments a, const jit::Value*) {
    const auto given = Writer::list(a[1]);  // from the last axis: before, after
    const auto rank = static_cast<std::size_t>(Writer::rank(a[0]));
    Ints pads(2 * rank, 0);
    for (std::size_t i = 0; i * 2 < given.size(); ++i) {
      pads[rank - 1 - i] = given[2 * i];
      pads[2 * rank - 1 - i] = given[2 * i + 1];
    }
    Names inputs = {w(a[0]), w.ints(pads)};
    if (a.size() > 2) inputs.push_back(w.scalar(Writer::real(a[2]), a[0]));
    return w.op("Pad", inputs, {{"mode", mode}});
  };
}
std::string convolution(Writer& w, Arguments a, const jit::Value* bias, const jit::Value* strides,
                        const jit::Value* padding, const jit::Value* dilation, bool transposed,
                        const jit::Value* extra, const jit::Value* groups) {
  Names inputs = {w(a[0]), w(a[1])};
  if (!Writer::is_none(bias)) inputs.push_back(w(bias));
  const auto pad = Writer::list(padding, 2);
  std::vector<Attribute> attributes = {{"strides", Writer::list(strides, 2)},
                                       {"pads", Ints{pad[0], pad[1], pad[0], pad[1]}},
                                       {"dilations", Writer::list(dilation, 2)},
                                       {"group", Writer::integer(groups)}};
  if (transposed) attributes.emplace_back("output_padding", Writer::list(extra, 2));
  return w.op(transposed ? "ConvTranspose" : "Conv", inputs, attributes);
}
std::string pooled(Writer& w, Arguments a, const char* type) {
  const auto window = Writer::list(a[1], 2);
  const auto given = Writer::list(a[2]);
  const auto pad = Writer::list(a[3], 2);
  std::vector<Attribute> attributes = {{"kernel_shape", window},
                                       {"strides", given.empty() ? window : Writer::list(a[2], 2)},
                                       {"pads", Ints{pad[0], pad[1], pad[0], pad[1]}}};
  if (std::string_view(type) == "AveragePool")
    attributes.emplace_back("count_include_pad", Writer::integer(a[5]));
  return w.op(type, {w(a[0])}, attributes);
}
std::string resized(Writer& w, Arguments a, const jit::Value* out, const char* mode) {
  const auto sizes = out->type()->expect<c10::TensorType>()->sizes().concrete_sizes();
  if (!sizes) throw usage_error("ONNX: the size of an enlargement is not known");
  const auto images = w.op("Slice", {w.op("Shape", {w(a[0])}), w.ints({0}), w.ints({1})});
  const auto wanted =
      w.op("Concat", {images, w.ints({(*sizes)[1], (*sizes)[2], (*sizes)[3]})}, {{"axis", std::int64_t{0}}});
  const bool nearest = std::string_view(mode) == "nearest";
  std::vector<Attribute> attributes = {
      {"mode", mode}, {"coordinate_transformation_mode", nearest ? "asymmetric" : "half_pixel"}};
  if (nearest) attributes.emplace_back("nearest_mode", "floor");
  if (std::string_view(mode) == "cubic") attributes.emplace_back("cubic_coeff_a", -0.75);
  return w.op("Resize", {w(a[0]), "", "", wanted}, attributes);
}
// The values of a batch norm whose weight or bias there is none.
std::string or_all(Writer& w, const jit::Value* value, double otherwise, std::int64_t channels) {
  return Writer::is_none(value) ? w.constant(torch::full({channels}, otherwise)) : w(value);
}
std::int64_t channels_of(const jit::Value* value) {
  return value->type()->expect<c10::TensorType>()->sizes().concrete_sizes()->at(1);
}

const std::map<std::string, Translation>& translations() {
  static const std::map<std::string, Translation> table = {
      // Nothing to do
      {"contiguous", same()}, {"detach", same()}, {"clone", same()}, {"alias", same()}, {"dropout", same()},
      // One tensor
      {"relu", plain("Relu")}, {"tanh", plain("Tanh")}, {"sigmoid", plain("Sigmoid")}, {"exp", plain("Exp")},
      {"log", plain("Log")}, {"sqrt", plain("Sqrt")}, {"abs", plain("Abs")}, {"neg", plain("Neg")}, {"erf", plain("Erf")},
      {"round", plain("Round")}, {"floor", plain("Floor")}, {"sin", plain("Sin")}, {"cos", plain("Cos")},
      {"sign", plain("Sign")}, {"reciprocal", plain("Reciprocal")}, {"softplus", plain("Softplus")},
      {"logical_not", plain("Not")},
      {"square", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Mul", {w(a[0]), w(a[0])}); }},
      {"rsqrt", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Reciprocal", {w.op("Sqrt", {w(a[0])})}); }},
      {"silu", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Mul", {w(a[0]), w.op("Sigmoid", {w(a[0])})}); }},
      {"log_sigmoid", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Neg", {w.op("Softplus", {w.op("Neg", {w(a[0])})})}); }},
      {"leaky_relu", [](Writer& w, Arguments a, const jit::Value*) { return w.op("LeakyRelu", {w(a[0])}, {{"alpha", Writer::real(a[1])}}); }},
      {"elu", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Elu", {w(a[0])}, {{"alpha", Writer::real(a[1])}}); }},
      {"gelu",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto turned = w.op("Erf", {w.op("Mul", {w(a[0]), w.scalar(1 / std::numbers::sqrt2, a[0])})});
         const auto share = w.op("Mul", {w.op("Add", {turned, w.scalar(1, a[0])}), w.scalar(0.5, a[0])});
         return w.op("Mul", {w(a[0]), share});
       }},
      {"prelu",
       [](Writer& w, Arguments a, const jit::Value*) {
         Ints shape(static_cast<std::size_t>(std::max<std::int64_t>(Writer::rank(a[0]) - 1, 1)), 1);
         shape[0] = -1;
         return w.op("PRelu", {w(a[0]), w.op("Reshape", {w(a[1]), w.ints(shape)})});
       }},
      {"clamp",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto bound = [&](const jit::Value* value) { return Writer::is_none(value) ? std::string() : w.operand(value, a[0]); };
         return w.op("Clip", {w(a[0]), bound(a[1]), bound(a[2])});
       }},
      {"clamp_min", binary("Max")}, {"clamp_max", binary("Min")},
      {"to",
       [](Writer& w, Arguments a, const jit::Value* out) {
         if (Writer::type_of(a[0]) == Writer::type_of(out)) return w(a[0]);
         return w.op("Cast", {w(a[0])}, {{"to", type_number(Writer::type_of(out))}});
       }},
      // Two tensors, or a tensor and a number
      {"add", binary("Add", true)}, {"sub", binary("Sub", true)}, {"mul", binary("Mul")}, {"div", binary("Div")},
      {"pow", binary("Pow")}, {"maximum", binary("Max")}, {"minimum", binary("Min")},
      {"rsub", [](Writer& w, Arguments a, const jit::Value* out) { return w.op("Sub", {w.operand(a[1], out), w(a[0])}); }},
      {"addcmul",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto product = w.op("Mul", {w(a[1]), w(a[2])});
         return w.op("Add", {w(a[0]), w.op("Mul", {product, w.scalar(Writer::real(a[3]), a[0])})});
       }},
      {"gt", compared("Greater")}, {"ge", compared("GreaterOrEqual")}, {"lt", compared("Less")}, {"le", compared("LessOrEqual")},
      {"eq", compared("Equal")}, {"ne", compared("Equal", true)}, {"logical_and", binary("And")}, {"logical_or", binary("Or")},
      {"where", [](Writer& w, Arguments a, const jit::Value* out) { return w.op("Where", {w(a[0]), w.operand(a[1], out), w.operand(a[2], out)}); }},
      // Products
      {"mm", [](Writer& w, Arguments a, const jit::Value*) { return w.op("MatMul", {w(a[0]), w(a[1])}); }},
      {"bmm", [](Writer& w, Arguments a, const jit::Value*) { return w.op("MatMul", {w(a[0]), w(a[1])}); }},
      {"matmul", [](Writer& w, Arguments a, const jit::Value*) { return w.op("MatMul", {w(a[0]), w(a[1])}); }},
      {"mv", [](Writer& w, Arguments a, const jit::Value*) { return w.op("MatMul", {w(a[0]), w(a[1])}); }},
      {"addmm",
       [](Writer& w, Arguments a, const jit::Value*) {
         return w.op("Gemm", {w(a[1]), w(a[2]), w(a[0])}, {{"beta", Writer::real(a[3])}, {"alpha", Writer::real(a[4])}});
       }},
      {"linear",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto product = w.op("MatMul", {w(a[0]), w.op("Transpose", {w(a[1])}, {{"perm", Ints{1, 0}}})});
         return Writer::is_none(a[2]) ? product : w.op("Add", {product, w(a[2])});
       }},
      {"conv2d", [](Writer& w, Arguments a, const jit::Value*) { return convolution(w, a, a[2], a[3], a[4], a[5], false, nullptr, a[6]); }},
      {"conv_transpose2d", [](Writer& w, Arguments a, const jit::Value*) { return convolution(w, a, a[2], a[3], a[4], a[7], true, a[5], a[6]); }},
      {"_convolution", [](Writer& w, Arguments a, const jit::Value*) { return convolution(w, a, a[2], a[3], a[4], a[5], Writer::integer(a[6]) != 0, a[7], a[8]); }},
      {"convolution", [](Writer& w, Arguments a, const jit::Value*) { return convolution(w, a, a[2], a[3], a[4], a[5], Writer::integer(a[6]) != 0, a[7], a[8]); }},
      // Norms
      {"batch_norm",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto n = channels_of(a[0]);
         return w.op("BatchNormalization", {w(a[0]), or_all(w, a[1], 1, n), or_all(w, a[2], 0, n), w(a[3]), w(a[4])}, {{"epsilon", Writer::real(a[7])}});
       }},
      {"instance_norm",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto n = channels_of(a[0]);
         return w.op("InstanceNormalization", {w(a[0]), or_all(w, a[1], 1, n), or_all(w, a[2], 0, n)}, {{"epsilon", Writer::real(a[7])}});
       }},
      {"group_norm",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto groups = Writer::integer(a[1]), n = channels_of(a[0]);
         const auto split = w.op("Reshape", {w(a[0]), w.ints({0, groups, -1})});
         const auto normal = w.op("InstanceNormalization", {split, w.constant(torch::ones({groups})), w.constant(torch::zeros({groups}))}, {{"epsilon", Writer::real(a[4])}});
         Ints shape(static_cast<std::size_t>(Writer::rank(a[0]) - 1), 1);
         shape[0] = n;
         const auto back = w.op("Reshape", {normal, w.op("Shape", {w(a[0])})});
         const auto scaled = w.op("Mul", {back, w.op("Reshape", {or_all(w, a[2], 1, n), w.ints(shape)})});
         return w.op("Add", {scaled, w.op("Reshape", {or_all(w, a[3], 0, n), w.ints(shape)})});
       }},
      {"layer_norm",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto shape = Writer::list(a[1]);
         const auto weight = Writer::is_none(a[2]) ? w.constant(torch::ones(shape)) : w(a[2]);
         Names inputs = {w(a[0]), weight};
         if (!Writer::is_none(a[3])) inputs.push_back(w(a[3]));
         return w.op("LayerNormalization", inputs, {{"axis", -static_cast<std::int64_t>(shape.size())}, {"epsilon", Writer::real(a[4])}});
       }},
      // Shapes
      {"view", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Reshape", {w(a[0]), w.shape(Writer::sizes(a[1]))}); }},
      {"reshape", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Reshape", {w(a[0]), w.shape(Writer::sizes(a[1]))}); }},
      {"flatten",
       [](Writer& w, Arguments a, const jit::Value* out) {
         const auto first = Writer::axis(a[1], a[0]);
         auto shape = *out->type()->expect<c10::TensorType>()->sizes().concrete_sizes();
         for (std::int64_t i = 0; i <= first; ++i) shape[static_cast<std::size_t>(i)] = i < first ? 0 : -1;  // 0: as it is
         return w.op("Reshape", {w(a[0]), w.ints(shape)});
       }},
      {"squeeze",
       [](Writer& w, Arguments a, const jit::Value*) {
         return a.size() > 1 ? w.op("Squeeze", {w(a[0]), w.ints({Writer::axis(a[1], a[0])})}) : w.op("Squeeze", {w(a[0])});
       }},
      {"unsqueeze",
       [](Writer& w, Arguments a, const jit::Value* out) { return w.op("Unsqueeze", {w(a[0]), w.ints({Writer::axis(a[1], out)})}); }},
      {"expand",
       [](Writer& w, Arguments a, const jit::Value*) {
         auto sizes = Writer::sizes(a[1]);
         for (auto& size : sizes)
           if (size.value < 0) size = {1};
         return w.op("Expand", {w(a[0]), w.shape(sizes)});
       }},
      {"expand_as", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Expand", {w(a[0]), w.op("Shape", {w(a[1])})}); }},
      {"repeat",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto times = Writer::sizes(a[1]);
         auto from = w(a[0]);
         const auto more = static_cast<std::int64_t>(times.size()) - Writer::rank(a[0]);
         Ints axes;
         for (std::int64_t i = 0; i < more; ++i) axes.push_back(i);
         if (more > 0) from = w.op("Unsqueeze", {from, w.ints(axes)});
         return w.op("Tile", {from, w.shape(times)});
       }},
      {"t", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Transpose", {w(a[0])}, {{"perm", Ints{1, 0}}}); }},
      {"transpose",
       [](Writer& w, Arguments a, const jit::Value*) {
         auto order = Writer::all_axes(a[0]);
         std::swap(order[static_cast<std::size_t>(Writer::axis(a[1], a[0]))], order[static_cast<std::size_t>(Writer::axis(a[2], a[0]))]);
         return w.op("Transpose", {w(a[0])}, {{"perm", order}});
       }},
      {"permute", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Transpose", {w(a[0])}, {{"perm", Writer::axes(a[1], a[0])}}); }},
      {"slice",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto start = Writer::is_none(a[2]) ? 0 : Writer::integer(a[2]);
         const auto end = Writer::is_none(a[3]) ? std::numeric_limits<std::int64_t>::max() : Writer::integer(a[3]);
         return w.op("Slice", {w(a[0]), w.ints({start}), w.ints({end}), w.ints({Writer::axis(a[1], a[0])}), w.ints({Writer::integer(a[4])})});
       }},
      {"narrow",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto start = Writer::integer(a[2]);
         return w.op("Slice", {w(a[0]), w.ints({start}), w.ints({start + Writer::integer(a[3])}), w.ints({Writer::axis(a[1], a[0])})});
       }},
      {"select",
       [](Writer& w, Arguments a, const jit::Value*) {
         return w.op("Gather", {w(a[0]), w.constant(torch::scalar_tensor(Writer::integer(a[2]), torch::kLong))}, {{"axis", Writer::axis(a[1], a[0])}});
       }},
      {"index_select", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Gather", {w(a[0]), w(a[2])}, {{"axis", Writer::axis(a[1], a[0])}}); }},
      {"flip",
       [](Writer& w, Arguments a, const jit::Value*) {
         const auto axes = Writer::axes(a[1], a[0]);
         return w.op("Slice", {w(a[0]), w.ints(Ints(axes.size(), -1)), w.ints(Ints(axes.size(), std::numeric_limits<std::int64_t>::min())), w.ints(axes), w.ints(Ints(axes.size(), -1))});
       }},
      {"cat",
       [](Writer& w, Arguments a, const jit::Value* out) {
         Names parts;
         for (const auto* each : a[0]->node()->inputs()) parts.push_back(w(each));
         return w.op("Concat", parts, {{"axis", Writer::axis(a[1], out)}});
       }},
      {"stack",
       [](Writer& w, Arguments a, const jit::Value* out) {
         Names parts;
         const auto axis = Writer::axis(a[1], out);
         for (const auto* each : a[0]->node()->inputs()) parts.push_back(w.op("Unsqueeze", {w(each), w.ints({axis})}));
         return w.op("Concat", parts, {{"axis", axis}});
       }},
      // Sums and the like
      {"sum", reduced("ReduceSum")}, {"mean", reduced("ReduceMean")}, {"amax", reduced("ReduceMax")},
      {"amin", reduced("ReduceMin")}, {"logsumexp", reduced("ReduceLogSumExp")},
      {"softmax", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Softmax", {w(a[0])}, {{"axis", Writer::axis(a[1], a[0])}}); }},
      {"log_softmax", [](Writer& w, Arguments a, const jit::Value*) { return w.op("LogSoftmax", {w(a[0])}, {{"axis", Writer::axis(a[1], a[0])}}); }},
      {"argmax", [](Writer& w, Arguments a, const jit::Value*) { return w.op("ArgMax", {w(a[0])}, {{"axis", Writer::axis(a[1], a[0])}, {"keepdims", Writer::integer(a[2])}}); }},
      {"norm",  // of the Euclidean kind
       [](Writer& w, Arguments a, const jit::Value*) {
         if (a.size() < 4 || Writer::real(a[1]) != 2) throw usage_error("ONNX: only the Euclidean norm over axes is known");
         return w.op("ReduceL2", {w(a[0])}, {{"axes", Writer::axes(a[2], a[0])}, {"keepdims", Writer::integer(a[3])}});
       }},
      // Images
      {"max_pool2d", [](Writer& w, Arguments a, const jit::Value*) { return pooled(w, a, "MaxPool"); }},
      {"avg_pool2d", [](Writer& w, Arguments a, const jit::Value*) { return pooled(w, a, "AveragePool"); }},
      {"upsample_nearest2d", [](Writer& w, Arguments a, const jit::Value* out) { return resized(w, a, out, "nearest"); }},
      {"upsample_bilinear2d", [](Writer& w, Arguments a, const jit::Value* out) { return resized(w, a, out, "linear"); }},
      {"pixel_shuffle", [](Writer& w, Arguments a, const jit::Value*) { return w.op("DepthToSpace", {w(a[0])}, {{"blocksize", Writer::integer(a[1])}, {"mode", "CRD"}}); }},
      {"upsample_bicubic2d",
       [](Writer& w, Arguments a, const jit::Value* out) { return resized(w, a, out, "cubic"); }},
      {"pixel_unshuffle",  // SpaceToDepth of ONNX has the channels in another order
       [](Writer& w, Arguments a, const jit::Value* out) {
         const auto r = Writer::integer(a[1]), n = channels_of(a[0]);
         const auto sizes = *out->type()->expect<c10::TensorType>()->sizes().concrete_sizes();
         const auto split = w.op("Reshape", {w(a[0]), w.ints({0, n, sizes[2], r, sizes[3], r})});
         const auto turned = w.op("Transpose", {split}, {{"perm", Ints{0, 1, 3, 5, 2, 4}}});
         return w.op("Reshape", {turned, w.ints({0, n * r * r, sizes[2], sizes[3]})});
       }},
      {"one_hot",
       [](Writer& w, Arguments a, const jit::Value*) {
         return w.op("OneHot", {w(a[0]), w.ints({Writer::integer(a[1])}), w.ints({0, 1})});
       }},
      {"constant_pad_nd", padded("constant")}, {"reflection_pad2d", padded("reflect")}, {"replication_pad2d", padded("edge")},
      {"embedding", [](Writer& w, Arguments a, const jit::Value*) { return w.op("Gather", {w(a[0]), w(a[1])}); }},
  };
  return table;
}

// chunk and split give several tensors.
void divide(Writer& w, const jit::Node* node) {
  const auto inputs = node->inputs();
  const auto axis = Writer::axis(inputs[2], inputs[0]);
  std::int64_t start = 0;
  for (const auto* part : node->output()->uses().at(0).user->outputs()) {
    const auto length =
        part->type()->expect<c10::TensorType>()->sizes().concrete_sizes()->at(static_cast<std::size_t>(axis));
    w.name(part, w.op("Slice", {w(inputs[0]), w.ints({start}), w.ints({start + length}), w.ints({axis})}));
    start += length;
  }
}

}  // namespace

std::string encode_onnx(const ExportedGraph& exported, const ExportedFunction& function,
                        const std::map<std::string, Tensor>& weights,
                        const std::map<std::string, std::string>& facts) {
  Writer w(weights);
  const auto& graph = *exported.graph;
  for (std::size_t i = 0; i < function.inputs.size(); ++i) w.name(graph.inputs()[i], function.inputs[i].name);
  w.first_input = function.inputs[0].name;
  for (const auto* node : graph.nodes()) {
    const std::string kind = node->kind().toUnqualString();
    if (!node->kind().is_aten() || node->outputs().size() != 1 ||
        node->output()->type()->kind() == c10::TypeKind::IntType)
      continue;
    if (kind == "chunk" || kind == "split") {
      divide(w, node);
      continue;
    }
    const auto found = translations().find(kind);
    if (found == translations().end())
      throw usage_error(fmt::format("the {} uses the operation {}, for which Belamy knows none of ONNX",
                                    function.name, kind),
                        "export to a .pt file instead");
    std::vector<const jit::Value*> arguments(node->inputs().begin(), node->inputs().end());
    w.name(node->output(), found->second(w, arguments, node->output()));
  }
  w.op("Identity", {w(graph.outputs()[0])}, {}, function.output);
  return w.finish(exported, function, facts);
}

}  // namespace belamy
