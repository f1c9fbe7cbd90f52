// A GAN that grows, for the conformance suite: stages by resolution, each with a batch of its own.
#pragma once

#include "belamy/model.h"

namespace belamy {

/// "growing-gan"; the suite adds it to the models.
ModelInfo growing_gan();

}  // namespace belamy
