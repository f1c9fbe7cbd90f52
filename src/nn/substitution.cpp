#include "nn/substitution.h"

#include <stdexcept>
#include <torch/types.h>

namespace belamy::nn {
namespace {

thread_local const Substitution* innermost = nullptr;

}  // namespace

Substitution::Substitution(const std::vector<Tensor>& originals, const std::vector<Tensor>& replacements)
    : outer_(innermost) {
  if (originals.size() != replacements.size()) throw std::logic_error("a replacement for each tensor");
  for (std::size_t i = 0; i < originals.size(); ++i) {
    replacements_.emplace(originals[i].unsafeGetTensorImpl(), replacements[i]);
  }
  innermost = this;
}

Substitution::~Substitution() {
  innermost = outer_;
}

const Tensor& present(const Tensor& parameter) {
  if (!innermost || !parameter.defined()) return parameter;
  const auto found = innermost->replacements_.find(parameter.unsafeGetTensorImpl());
  return found == innermost->replacements_.end() ? parameter : found->second;
}

std::vector<Tensor> cut_like(const Tensor& flat, const std::vector<Tensor>& like) {
  std::vector<std::int64_t> sizes;
  sizes.reserve(like.size());
  for (const auto& tensor : like) sizes.push_back(tensor.numel());
  auto views = flat.split_with_sizes(sizes);  // one node of the graph, where slices would be one for each
  for (std::size_t i = 0; i < like.size(); ++i) views[i] = views[i].view(like[i].sizes());
  return views;
}

Tensor flatten(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> parts;
  parts.reserve(tensors.size());
  for (const auto& tensor : tensors) parts.push_back(tensor.reshape({-1}));
  return at::cat(parts);
}

}  // namespace belamy::nn
