#include "core/cores.h"

#include <algorithm>
#include <sched.h>
#include <thread>

namespace belamy {

std::int64_t allowed_cores() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace belamy
