// The machine that a run uses: threads, device, BLAS, and what to print about them.
#pragma once

#include <c10/core/Device.h>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "belamy/group.h"
#include "belamy/options.h"

namespace belamy {

/// Sets LibTorch's number of threads, the memory allocator's limits and the use of fast paths, and returns
/// the requested device. The number of threads and the fast paths hold for the calling thread: two threads can
/// train or sample with different settings. Throws a usage error if the device is not available.
c10::Device prepare_machine(const TrainOptions& options);
/// The same for a process of a group: its share of the threads, and the GPU of its number on this machine.
c10::Device prepare_machine(TrainOptions options, const Group& group);
/// The same without the fast paths. `threads` 0: one for each allowed core.
c10::Device prepare_machine(const std::string& device, std::int64_t threads = 0);

/// Which BLAS this process has loaded: "OpenBLAS (OpenMP)", "reference BLAS", "MKL", ...
std::string blas_name();
/// A warning with the cure if the BLAS is slow or brings its own thread pool; else empty.
std::string blas_warning();

/// (key, value) for --version, reports and results: Belamy, commit, LibTorch, BLAS, threads, SIMD, device,
/// processor.
std::vector<std::pair<std::string, std::string>> machine_facts();

/// Memory that this process occupies.
std::uint64_t resident_bytes();

}  // namespace belamy
