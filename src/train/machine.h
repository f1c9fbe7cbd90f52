// The machine under a run: threads, device, BLAS, and what to print about them.
#pragma once

#include <c10/core/Device.h>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "belamy/options.h"

namespace belamy {

/// Sets LibTorch's threads (it takes one unless told) and returns the device that was asked for. A usage
/// error when it is not there.
c10::Device prepare_machine(const TrainOptions& options);
c10::Device prepare_machine(const std::string& device, std::int64_t threads = 0);

/// The cores that this process may use: all, or those that taskset or a container leaves it. More threads than
/// these would take turns.
std::int64_t allowed_cores();

/// Which BLAS this process has loaded: "OpenBLAS (OpenMP)", "reference BLAS", "MKL", ...
std::string blas_name();
/// A sentence with the cure when the BLAS is slow or there are two; else empty.
std::string blas_warning();

/// (key, value) for --version, reports and results: Belamy, commit, LibTorch, BLAS, threads, SIMD, device,
/// processor.
std::vector<std::pair<std::string, std::string>> machine_facts();

std::uint64_t resident_bytes();

}  // namespace belamy
