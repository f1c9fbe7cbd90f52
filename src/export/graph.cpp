#include "export/graph.h"

#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <sstream>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/shape_analysis.h>
#include <torch/types.h>
#include <unordered_map>

#include "belamy/error.h"

#include "nn/products.h"

namespace belamy {
namespace {

namespace jit = torch::jit;
using torch::Tensor;

Error not_exportable(const ExportedFunction& function, const std::string& why) {
  return usage_error(fmt::format("the {} of this run cannot be exported: {}", function.name, why));
}

std::vector<Tensor> drawn(const ExportedFunction& function, std::int64_t n, at::Generator generator) {
  std::vector<Tensor> all;
  for (const auto& input : function.inputs) all.push_back(input.draw(n, generator).contiguous());
  return all;
}

std::shared_ptr<jit::Graph> traced(const ExportedFunction& function, const std::vector<Tensor>& inputs) {
  std::vector<std::string> names;
  for (const auto& input : function.inputs) names.push_back(input.name);
  try {
    const auto found = jit::tracer::trace(
        jit::Stack(inputs.begin(), inputs.end()),
        [&](jit::Stack stack) {
          std::vector<Tensor> given;
          for (auto& each : stack) given.push_back(each.toTensor());
          return jit::Stack{function.compute(given)};
        },
        [](const torch::autograd::Variable&) { return std::string(); }, /*strict=*/true,
        /*force_outplace=*/true, nullptr, names);
    auto graph = found.first->graph;
    jit::ConstantPropagation(graph);
    jit::EliminateDeadCode(graph);
    // Constants share the parameters' memory, but must never need gradients: a file with such ones cannot be opened.
    for (auto* node : graph->nodes()) {
      if (node->kind() != jit::prim::Constant || !node->hasAttribute(jit::attr::value)) continue;
      if (node->kindOf(jit::attr::value) == jit::AttributeKind::t)
        node->t_(jit::attr::value, node->t(jit::attr::value).detach());
    }
    return graph;
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    throw not_exportable(function, text.find("Generator") != std::string::npos
                                       ? "it draws random numbers"
                                       : "LibTorch cannot record it: " + text.substr(0, text.find('\n')));
  }
}

// Makes `graph`, recorded with a batch of two, take any batch: each whole number that was another one with three examples
// becomes a multiple of the batch.
class Generalisation {
 public:
  Generalisation(const ExportedFunction& function, jit::Graph& graph, const jit::Graph& with_three)
      : function_(function), graph_(graph) {
    pair(graph.inputs(), with_three.inputs());
    auto other = with_three.nodes().begin();
    std::vector<std::pair<jit::Node*, const jit::Node*>> nodes;
    for (auto* node : graph.nodes()) {
      if (other == with_three.nodes().end()) differs();
      nodes.emplace_back(node, *other);
      ++other;
    }
    if (other != with_three.nodes().end()) differs();
    for (const auto& [node, with] : nodes) match(node, with);
    for (std::size_t i = 0; i < graph.outputs().size(); ++i)
      if (same_.at(with_three.outputs()[i]) != graph.outputs()[i]) differs();
    for (const auto& [value, by] : replaced_) value->replaceAllUsesWith(by);
  }

 private:
  [[noreturn]] void differs(const jit::Node* node = nullptr) const {
    throw not_exportable(function_,
                         fmt::format("its operations depend on the number of examples{}",
                                     node ? fmt::format(" ({})", node->kind().toQualString()) : ""));
  }
  void pair(at::ArrayRef<jit::Value*> a, at::ArrayRef<const jit::Value*> b) {
    if (a.size() != b.size()) differs();
    for (std::size_t i = 0; i < a.size(); ++i) same_[b[i]] = a[i];
  }

  void match(jit::Node* node, const jit::Node* with) {
    if (node->kind() != with->kind() || node->inputs().size() != with->inputs().size() ||
        !node->blocks().empty())
      differs(node);
    for (std::size_t i = 0; i < node->inputs().size(); ++i)
      if (same_.at(with->inputs()[i]) != node->inputs()[i]) differs();
    pair(node->outputs(), with->outputs());
    const std::string kind = node->kind().toUnqualString();
    if (kind == "empty" || kind == "empty_like" || kind == "new_empty")
      throw not_exportable(function_, "a part of it computes outside of LibTorch");
    if (node->kind() != jit::prim::Constant) return;
    const auto two = jit::toIValue(node->output()), three = jit::toIValue(with->output());
    if (!two || !three || two->tagKind() != three->tagKind()) differs();
    if (two->isInt()) {
      if (two->toInt() != three->toInt()) replace(node, multiple(node, two->toInt(), three->toInt()));
    } else if (two->isIntList()) {
      const auto a = two->toIntVector(), b = three->toIntVector();
      if (a.size() != b.size()) differs();
      if (a == b) return;
      const jit::WithInsertPoint here(node);
      std::vector<jit::Value*> places;
      for (std::size_t i = 0; i < a.size(); ++i)
        places.push_back(a[i] == b[i] ? graph_.insertConstant(a[i]) : multiple(node, a[i], b[i]));
      replace(node, graph_.insertNode(graph_.createList(jit::IntType::get(), places))->output());
    } else if (two->isTensor()) {
      const auto a = two->toTensor(), b = three->toTensor();
      if (a.sizes() != b.sizes() || !at::equal(a, b)) replace(node, repeated(node, a, b));
    } else if (*two != *three) {
      differs();
    }
  }
  // The batch times k, at this node.
  jit::Value* multiple(jit::Node* node, std::int64_t two, std::int64_t three) {
    const auto k = three - two;
    if (two != 2 * k || three != 3 * k) differs();
    const jit::WithInsertPoint here(node);
    auto* batch = graph_.insert(c10::aten::size, {graph_.inputs()[0], std::int64_t{0}});
    return k == 1 ? batch : graph_.insert(c10::aten::mul, {batch, k});
  }
  // Rows that a and b repeat for each example: `rows` [k, ...], repeated two and three times.
  jit::Value* repeated(jit::Node* node, const Tensor& a, const Tensor& b) {
    const auto k = a.dim() > 0 && b.dim() > 0 ? b.size(0) - a.size(0) : 0;
    if (k > 0 && a.size(0) == 2 * k && b.size(0) == 3 * k && a.sizes().slice(1) == b.sizes().slice(1)) {
      const auto rows = a.narrow(0, 0, k).contiguous();
      std::vector<std::int64_t> times(static_cast<std::size_t>(a.dim()), 1);
      times[0] = 2;
      const bool twice = at::equal(a, rows.repeat(times));
      times[0] = 3;
      if (twice && at::equal(b, rows.repeat(times))) {
        const jit::WithInsertPoint here(node);
        std::vector<jit::Value*> places = {
            graph_.insert(c10::aten::size, {graph_.inputs()[0], std::int64_t{0}})};
        for (std::size_t i = 1; i < times.size(); ++i)
          places.push_back(graph_.insertConstant(std::int64_t{1}));
        auto* list = graph_.insertNode(graph_.createList(jit::IntType::get(), places))->output();
        auto* all = graph_.insert(c10::aten::repeat, {graph_.insertConstant(rows), list});
        return all->setType(node->output()->type());
      }
    }
    throw not_exportable(function_, "it uses numbers that were made for this batch alone");
  }
  void replace(jit::Node* node, jit::Value* by) { replaced_.emplace_back(node->output(), by); }

  const ExportedFunction& function_;
  jit::Graph& graph_;
  std::unordered_map<const jit::Value*, jit::Value*> same_;
  std::vector<std::pair<jit::Value*, jit::Value*>> replaced_;  // once all nodes are compared
};

jit::Module module_of(const ExportedGraph& graph) {
  jit::Module module("belamy");
  const auto copy = graph.graph->copy();
  jit::EraseShapeInformation(copy);
  copy->insertInput(0, "self")->setType(module._ivalue()->type());
  const auto name = c10::QualifiedName(*module.type()->name(), "forward");
  module.type()->addMethod(module._ivalue()->compilation_unit()->create_function(name, copy));
  return module;
}

// Belamy's faster paths cannot be recorded, and parameters that need gradients cannot be constants.
class Recording {
 public:
  explicit Recording(Model& model) {
    nn::set_fast_paths(false);
    for (auto& parameter : model.parameters()) {
      if (!parameter.requires_grad()) continue;
      trained_.push_back(parameter);
      parameter.requires_grad_(false);
    }
  }
  Recording(const Recording&) = delete;
  ~Recording() {
    nn::set_fast_paths(fast_);
    for (auto& parameter : trained_) parameter.requires_grad_(true);
  }

 private:
  const bool fast_ = nn::fast_paths();
  const torch::NoGradGuard no_grad_;
  std::vector<Tensor> trained_;
};

}  // namespace

ExportedGraph trace(Model& model, const ExportedFunction& function) {
  const Recording recording(model);
  auto generator = at::detail::createCPUGenerator(1);
  const auto two = drawn(function, 2, generator), three = drawn(function, 3, generator);
  ExportedGraph made;
  made.graph = traced(function, two);
  Generalisation(function, *made.graph, *traced(function, three));
  jit::EliminateDeadCode(made.graph);

  made.inputs = drawn(function, 5, generator);
  made.output = function.compute(made.inputs);
  if (made.output.dim() == 0 || made.output.size(0) != 5)
    throw not_exportable(function, "it gives one result for the whole batch");
  auto module = module_of(made);
  Tensor found;
  try {
    found = module.forward(std::vector<jit::IValue>(made.inputs.begin(), made.inputs.end())).toTensor();
  } catch (const std::exception&) {
    throw not_exportable(function, "its operations depend on the number of examples");
  }
  const auto a = made.output.to(torch::kDouble), b = found.to(torch::kDouble);
  made.difference = a.sizes() == b.sizes()
                        ? ((a - b).abs().max() / a.abs().max().clamp_min(1e-6)).item<double>()
                        : std::numeric_limits<double>::infinity();
  // Bytes may differ by one level where the value is between two.
  const double most = made.output.scalar_type() == torch::kByte ? 1.5 / 255 : 1e-4;
  if (!(made.difference <= most))
    throw not_exportable(
        function,
        fmt::format(
            "the recorded operations give other values for other inputs (by {:.2g} of the "
            "largest); it depends on the other examples of the batch, or a part of it computes outside of LibTorch",
            made.difference));
  return made;
}

std::string encode_torchscript(const ExportedGraph& graph, const std::map<std::string, std::string>& facts) {
  std::ostringstream out;
  jit::ExtraFilesMap beside;
  for (const auto& [key, value] : facts) beside[key] = value;
  module_of(graph).save(out, beside);
  return out.str();
}

}  // namespace belamy
