// Fetches a capability of a run's model, or fails with an error that names the models that have it.
#pragma once

#include "belamy/run.h"

namespace belamy {

/// Whether the model has the capability, as it describes itself.
bool can(const ModelInfo& model, Capability capability);

[[noreturn]] void lacks(const Run& run, Capability capability);

/// The capability, or a usage error that names the models that have it.
template <class C>
C* need(C* capability, const Run& run, Capability kind) {
  if (!capability) lacks(run, kind);
  return capability;
}

}  // namespace belamy
