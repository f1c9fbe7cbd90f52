// How much memory a program may still take.
#pragma once

#include <cstdint>
#include <filesystem>

namespace belamy {

/// Bytes that can be taken without swapping: what /proc/meminfo calls available, and no more than the limit of a
/// container. Without these files: all memory of the machine. `root` stands for "/" in tests.
std::uint64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace belamy
