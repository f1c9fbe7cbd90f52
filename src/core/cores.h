// The processor cores that a program may use.
#pragma once

#include <cstdint>

namespace belamy {

/// Cores that this process may use: those of the machine, or fewer by taskset or a container.
std::int64_t allowed_cores();

}  // namespace belamy
