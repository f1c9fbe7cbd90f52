// What the processes of a training share in a step: gradients, averages over batches, records.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "belamy/group.h"

#include "train/player_state.h"

namespace belamy {

/// Replaces the gradients of the players, and the loss if there is one, by their means over the processes. Returns
/// whether any process `calls`; the answer is the same in all.
bool average_gradients(Group& group, const std::vector<PlayerState*>& players, Tensor& loss, bool calls);

/// Replaces the tensors by their means over the processes.
void average(Group& group, const std::vector<Tensor>& tensors);

/// Replaces the tensors, of any types, by those of the first process.
void give_to_others(Group& group, const std::vector<Tensor>& tensors);

/// Sums of recorded values and how many values each holds, by name: adds those of the other processes in the first, and
/// removes them in the others.
void collect_records(Group& group, std::vector<std::pair<std::string, double>>& sums,
                     std::vector<double>& counts);

}  // namespace belamy
