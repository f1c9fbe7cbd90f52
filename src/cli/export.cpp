// The verb `export`: what a run's model computes, as a file for other programs.
#include <fmt/format.h>
#include <torch/types.h>

#include "belamy/error.h"
#include "belamy/run.h"

#include "cli/outputs.h"
#include "cli/run_request.h"
#include "cli/verbs.h"
#include "core/text.h"
#include "core/version.h"
#include "export/functions.h"
#include "export/graph.h"
#include "export/onnx.h"
#include "store/safetensors.h"
#include "tensors/arrays.h"

namespace belamy::cli {
namespace {

struct ExportRequest {
  RunRequest run;
  std::string to, what, examples, pixels = "unit";
};

std::map<std::string, torch::Tensor> weights_of(Model& model) {
  std::map<std::string, torch::Tensor> all;
  for (const auto& each : model.named_parameters()) all[each.key()] = each.value();
  for (const auto& each : model.named_buffers()) all[each.key()] = each.value();
  return all;
}

std::map<std::string, std::string> facts_of(const Run& run) {
  const auto& recipe = run.recipe();
  std::map<std::string, std::string> facts = {{"belamy", version()},
                                              {"recipe", recipe.name},
                                              {"model", recipe.model->name},
                                              {"step", std::to_string(run.step())}};
  if (!run.shape().class_names.empty())
    facts["classes"] = fmt::format("{}", fmt::join(run.shape().class_names, ","));
  return facts;
}

std::string sizes_text(const torch::Tensor& example) {
  return example.dim() == 1 ? "[N]" : fmt::format("[N, {}]", fmt::join(example.sizes().slice(1), ", "));
}

ExportedFunction function_called(Run& run, const std::string& name, bool bytes) {
  const auto all = exported_functions(run.model(), run.shape(), bytes);
  std::vector<std::string> names;
  for (const auto& each : all) {
    if (each.name == name || (name.empty() && &each == &all.front())) return each;
    names.push_back(each.name);
  }
  if (names.empty())
    throw usage_error(fmt::format("{} has nothing to export but its weights", run.recipe().model->name),
                      "write --to F.safetensors");
  throw usage_error(fmt::format("this run has no '{}' to export", name),
                    fmt::format("it has {}", fmt::join(names, ", ")));
}

// How to use the file from Python.
std::string python_lines(const std::string& file, const ExportedFunction& function,
                         const ExportedGraph& graph, OutputKind kind) {
  std::string lines, arguments;
  if (kind == OutputKind::pt) {
    lines = "  import torch\n";
    for (std::size_t i = 0; i < function.inputs.size(); ++i) {
      lines += fmt::format("  {} = torch.randn(64, {})\n", function.inputs[i].name,
                           fmt::join(graph.inputs[i].sizes().slice(1), ", "));
      arguments += (i > 0 ? ", " : "") + function.inputs[i].name;
    }
    return lines + fmt::format("  {} = torch.jit.load(\"{}\")({})\n", function.output, file, arguments);
  }
  lines = "  import numpy, onnxruntime\n";
  for (std::size_t i = 0; i < function.inputs.size(); ++i) {
    lines += fmt::format("  {} = numpy.random.standard_normal((64, {})).astype(\"float32\")\n",
                         function.inputs[i].name, fmt::join(graph.inputs[i].sizes().slice(1), ", "));
    arguments +=
        fmt::format("{}\"{}\": {}", i > 0 ? ", " : "", function.inputs[i].name, function.inputs[i].name);
  }
  return lines + fmt::format("  {}, = onnxruntime.InferenceSession(\"{}\").run(None, {{{}}})\n",
                             function.output, file, arguments);
}

ExitCode export_run(const ExportRequest& request) {
  const auto out =
      OutputPath::named("--to", request.to, {OutputKind::onnx, OutputKind::pt, OutputKind::safetensors},
                        inputs_of(request.run));
  const auto examples =
      optional_output("--examples", request.examples, OutputKind::safetensors, inputs_of(request.run));
  for (const auto& each : {out, examples.value_or(out)}) {
    if (fs::exists(each.path()))
      throw usage_error(fmt::format("{}: the file exists", each.string()),
                        "choose another name, or remove it");
  }
  auto opened = request.run;
  if (opened.device == "cuda")
    throw usage_error("--device cuda: export works on the CPU", "leave --device out");
  opened.device = "cpu";
  const auto run = opened.open();
  const auto weights = weights_of(run->model());
  if (out.kind() == OutputKind::safetensors) {
    if (!request.what.empty() || examples)
      throw usage_error("a file of weights holds those of the whole model and computes nothing",
                        "leave out --what and --examples, or write --to F.onnx");
    Snapshot snapshot;
    for (const auto& [name, tensor] : weights) snapshot.add(name, tensor);
    for (const auto& [key, value] : facts_of(*run)) snapshot.metadata[key] = value;
    write_output(out, encode_safetensors(snapshot.arrays, snapshot.metadata));
    fmt::print("{}: {} of {} at step {}\n", request.to, counted(weights.size(), "tensor"),
               run->recipe().model->name, run->step());
    return ExitCode::ok;
  }
  const auto function = function_called(*run, request.what, request.pixels == "bytes");
  const auto graph = trace(run->model(), function);
  auto facts = facts_of(*run);
  facts["function"] = function.name;
  const auto bytes = out.kind() == OutputKind::onnx ? encode_onnx(graph, function, weights, facts)
                                                    : encode_torchscript(graph, facts);
  write_output(out, bytes);
  if (examples) {
    Snapshot snapshot{.metadata = facts};
    for (std::size_t i = 0; i < graph.inputs.size(); ++i)
      snapshot.add(function.inputs[i].name, graph.inputs[i]);
    snapshot.add(function.output, graph.output);
    write_output(*examples, encode_safetensors(snapshot.arrays, snapshot.metadata));
  }
  fmt::print("{}: the {} of {} at step {}\n", request.to, function.name, run->recipe().model->name,
             run->step());
  const auto tell = [](const char* what, const std::string& name, const torch::Tensor& example,
                       const std::string& text) {
    fmt::print("{:7} {} {}{}{}\n", what, name, sizes_text(example), text.empty() ? "" : ", ", text);
  };
  for (std::size_t i = 0; i < function.inputs.size(); ++i)
    tell("input", function.inputs[i].name, graph.inputs[i], function.inputs[i].text);
  tell("output", function.output, graph.output, function.text);
  fmt::print(
      "check   the recorded operations differ from the model by {:.1e} of the largest value, for another batch\n\n{}",
      graph.difference, python_lines(request.to, function, graph, out.kind()));
  return ExitCode::ok;
}

}  // namespace

void add_export(Verb program) {
  const auto request = std::make_shared<ExportRequest>();
  auto verb =
      program.verb("export", "Write what a model computes, or its weights, as a file for other programs");
  add_run(verb, request->run);
  verb.option("--to", request->to, "F.onnx, F.pt (TorchScript) or F.safetensors (weights)").required();
  verb.option(
      "--what", request->what,
      "decoder, encoder, reconstructor, translator:a2b, classifier, scorer or matcher [the first that the model has]");
  verb.option(
      "--examples", request->examples,
      "F.safetensors: also write five inputs and what the model makes of them, to check another program by");
  verb.option("--pixels", request->pixels,
              "Images that the function makes: unit is [-1, 1], bytes is uint8 with three channels")
      .one_of({"unit", "bytes"});
  verb.does([request] { return export_run(*request); });
}

}  // namespace belamy::cli
