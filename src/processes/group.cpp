#include "belamy/group.h"

namespace belamy {
namespace {

class SingleProcess final : public Group {
 public:
  SingleProcess() : Group(0, 1) {}
  void sum(const torch::Tensor&) override {}
  void broadcast(const torch::Tensor&) override {}
  std::vector<torch::Tensor> gather(const torch::Tensor& values) override { return {values}; }
  std::vector<std::string> exchange(const std::string& text) override { return {text}; }
  void tell_failure(const std::string&) noexcept override {}
};

}  // namespace

Group& Group::single() {
  static SingleProcess single;
  return single;
}

}  // namespace belamy
