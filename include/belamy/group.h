// The processes that train one run together. Each holds the whole model and computes its part of every batch;
// gradients are averaged, so that all make the same updates. docs/distributed.md describes it for users.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <torch/types.h>
#include <vector>

#include "belamy/error.h"

namespace belamy {

/// The group that a process belongs to. All processes must call its functions in the same order. They throw a
/// `lost_error` when another process has ended or cannot be reached. Not thread-safe.
class Group {
 public:
  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const { return rank_; }  ///< 0, 1, ...; process 0 writes all files and prints
  int size() const { return size_; }
  bool is_first() const { return rank_ == 0; }
  bool is_single() const { return size_ == 1; }
  int local_rank() const { return local_rank_; }  ///< among the processes of the same machine
  /// How many threads this process may use: the cores of the machine are divided among its processes.
  int threads() const { return threads_; }

  /// The seconds that this process has spent on sums and copies so far, waiting for slower processes included.
  double seconds() const { return seconds_; }

  /// Replaces `values` by the sum over all processes: the same bits in all of them.
  virtual void sum(const torch::Tensor& values) = 0;
  /// Replaces `values` by those of process 0.
  virtual void broadcast(const torch::Tensor& values) = 0;
  /// The values of each process, by rank. Process 0 gets them, the others an empty list.
  virtual std::vector<torch::Tensor> gather(const torch::Tensor& values) = 0;
  /// The text of each process, by rank. For short messages that are rare.
  virtual std::vector<std::string> exchange(const std::string& text) = 0;
  /// Tells the others why this process ends: they throw it when they next wait for it.
  virtual void tell_failure(const std::string& message) noexcept = 0;

  /// A process alone: its functions change nothing and do not wait.
  static Group& single();
  /// Joins the processes that a launcher has started: `belamy train --processes`, torchrun, mpirun, MPICH's
  /// mpiexec, or srun. Null if the environment names none. Calls `say` with the line of process 0 that names the launcher,
  /// and with a line when it has to wait for long.
  /// Usage errors: the environment contradicts itself, or this build has no Gloo. Throws a `lost_error` that
  /// names the missing processes after $BELAMY_PROCESS_TIMEOUT seconds (300).
  static std::unique_ptr<Group> join(const std::function<void(const std::string&)>& say);

 protected:
  Group(int rank, int size) : rank_(rank), size_(size) {}

  int rank_, size_, local_rank_ = 0, threads_ = 1;
  double seconds_ = 0;
};

/// Does the work of a process; what it throws is told to the others before.
template <class Work>
auto telling_failure(Group& group, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    if (error.code() != ExitCode::lost) group.tell_failure(error.what());
    throw;
  } catch (const std::exception& error) {
    group.tell_failure(error.what());
    throw;
  }
}

/// A module with buffers that depend on the batches that a process has seen. Without it, the buffers of a module
/// must be the same in all processes, as constants and counters are. The running statistics of batch
/// normalisation, "running_mean" and "running_var", need no such declaration.
class ProcessBuffers {
 public:
  virtual ~ProcessBuffers() = default;
  /// Averages over batches; after each step they are averaged over the processes.
  virtual std::vector<torch::Tensor> shared_means() const { return {}; }
  /// What each process keeps for itself: memories of past samples, chains. Checkpoints hold those of all.
  virtual std::vector<torch::Tensor> own_buffers() const { return {}; }
};

}  // namespace belamy
