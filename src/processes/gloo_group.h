// A group whose processes talk through Gloo, which LibTorch brings.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "belamy/group.h"

namespace c10d {
class Store;
}

namespace belamy {

struct GlooOptions {
  int rank = 0, size = 1;
  std::string address = "127.0.0.1";  ///< own address, where the others reach this process
  std::string first = "127.0.0.1";    ///< the address of process 0, as this machine knows it
  std::string interface = {};         ///< in place of the address: the name of a network interface
  std::chrono::milliseconds timeout = std::chrono::minutes(5);
  std::function<void(const std::string&)> say = {};  ///< receives a line when others are late
};

/// Waits until all processes have come to the store, and connects them. Processes may be threads of one program:
/// then the store is c10d's HashStore.
std::unique_ptr<Group> gloo_group(c10::intrusive_ptr<c10d::Store> store, const GlooOptions& options);

}  // namespace belamy
