#include "core/memory.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <unistd.h>

namespace belamy {

std::uint64_t available_memory(const std::filesystem::path& root) {
  std::uint64_t available =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::ifstream info(root / "proc/meminfo");
  std::string key, rest;
  for (std::uint64_t kib = 0; info >> key >> kib && std::getline(info, rest);) {
    if (key == "MemAvailable:") available = kib * 1024;
  }
  std::uint64_t most = 0;  // of a container; "max" if it has no limit
  if (std::ifstream(root / "sys/fs/cgroup/memory.max") >> most) available = std::min(available, most);
  return available;
}

}  // namespace belamy
