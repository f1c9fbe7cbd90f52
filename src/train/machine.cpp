#include "train/machine.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fstream>
#include <malloc.h>
#include <set>
#include <thread>
#include <torch/cuda.h>
#include <torch/types.h>
#include <torch/version.h>
#include <unistd.h>

#include "belamy/error.h"

#include "core/cores.h"
#include "core/text.h"
#include "core/version.h"
#include "nn/products.h"

namespace belamy {
namespace {

// The libraries mapped into this process whose file names contain `part`.
std::set<std::string> loaded_libraries(const std::string& part) {
  std::set<std::string> found;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const auto slash = line.find('/');
    if (slash == std::string::npos) continue;
    const auto path = line.substr(slash);
    if (path.substr(path.rfind('/') + 1).find(part) != std::string::npos) found.insert(path);
  }
  return found;
}

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

std::string simd_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return "AVX-512";
  if (__builtin_cpu_supports("avx2")) return "AVX2";
#endif
  return "baseline";
}

// The memory that a step frees is needed again in the next one. If it went back to the system in between, the
// system would map and clear every page again.
void keep_memory() {
#ifdef __GLIBC__
  constexpr int threshold = 1 << 30, older_glibc = 32 << 20;
  if (mallopt(M_MMAP_THRESHOLD, threshold) == 0) mallopt(M_MMAP_THRESHOLD, older_glibc);
  mallopt(M_TRIM_THRESHOLD, threshold);
  mallopt(M_TOP_PAD, 64 << 20);
#endif
}

}  // namespace

c10::Device prepare_machine(const std::string& device, std::int64_t threads) {
  keep_memory();
  // When a thread first asks for its number of threads, LibTorch sets it to the one that any thread has set last.
  at::get_num_threads();
  at::set_num_threads(static_cast<int>(threads > 0 ? threads : allowed_cores()));
  const bool cuda = torch::cuda::is_available();
  if (device == "cuda" && !cuda) {
    throw usage_error("device 'cuda' is not available: LibTorch finds no CUDA device",
                      "use --device cpu, or build with a CUDA LibTorch (CMAKE_PREFIX_PATH)");
  }
  return device == "cuda" || (device == "auto" && cuda) ? c10::Device(c10::kCUDA) : c10::Device(c10::kCPU);
}

c10::Device prepare_machine(const TrainOptions& options) {
  nn::set_fast_paths(options.fast);
  return prepare_machine(options.device, options.threads);
}

c10::Device prepare_machine(TrainOptions options, const Group& group) {
  if (group.is_single()) return prepare_machine(options);
  if (options.threads == 0) options.threads = group.threads();
  const auto device = prepare_machine(options);
  if (!device.is_cuda()) return device;
  return {c10::kCUDA, static_cast<c10::DeviceIndex>(group.local_rank() % torch::cuda::device_count())};
}

std::string blas_name() {
  if (at::hasMKL()) return "MKL";
  if (!loaded_libraries("libopenblasp-").empty() || !loaded_libraries("libopenblas").empty()) {
    for (const auto& path : loaded_libraries("openblas")) {
      if (path.find("openmp") != std::string::npos) return "OpenBLAS (OpenMP)";
      if (path.find("pthread") != std::string::npos) return "OpenBLAS (pthreads)";
    }
    return "OpenBLAS";
  }
  for (const auto& path : loaded_libraries("libblas.so")) {
    if (path.find("openblas") != std::string::npos) return "OpenBLAS (OpenMP)";
    if (path.find("blis") != std::string::npos) return "BLIS";
    return "reference BLAS";
  }
  return "unknown";
}

std::string blas_warning() {
  const auto name = blas_name();
  if (name == "reference BLAS") {
    return "LibTorch uses the reference BLAS, which is many times slower than OpenBLAS; "
           "run tools/setup, or apt-get install libopenblas0-openmp";
  }
  if (name == "OpenBLAS (pthreads)") {
    return "OpenBLAS brings its own thread pool beside LibTorch's, which can halve the speed; "
           "run tools/setup, or apt-get install libopenblas0-openmp";
  }
  return "";
}

std::vector<std::pair<std::string, std::string>> machine_facts() {
  return {
      {"belamy", fmt::format("{} ({})", version(), commit())},
      {"libtorch", TORCH_VERSION},
      {"blas", blas_name()},
      {"threads", std::to_string(at::get_num_threads())},
      {"simd", simd_level()},
      {"device", torch::cuda::is_available() ? "cuda" : "cpu"},
      {"processor", processor() + ", " + counted(std::thread::hardware_concurrency(), "core")},
  };
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace belamy
