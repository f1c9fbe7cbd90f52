// Fetches a capability of a run's model, or fails with an error that names the models that have it.
#pragma once

#include "belamy/error.h"
#include "belamy/run.h"

namespace belamy {

/// A usage error: the run's model lacks the capability; the hint names the models that have it.
Error missing_capability(const Run& run, Capability capability);

/// The capability that a getter of the model returned; where that is null, the error above.
template <class C>
C* require_capability(C* capability, const Run& run, Capability kind) {
  if (!capability) throw missing_capability(run, kind);
  return capability;
}

}  // namespace belamy
