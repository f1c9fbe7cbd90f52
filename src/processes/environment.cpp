#include "processes/environment.h"

#include <fmt/format.h>

#include "belamy/error.h"

#include "core/text.h"

namespace belamy {
namespace {

constexpr int kPort = 29500;  // what torchrun and PyTorch use

class Reader {
 public:
  explicit Reader(const EnvironmentVariables& variable) : variable_(variable) {}

  bool has(const char* name) const { return variable_(name) != nullptr && *variable_(name) != 0; }
  std::string text(const char* name, const std::string& otherwise = "") const {
    return has(name) ? variable_(name) : otherwise;
  }
  int number(const char* name, std::optional<int> otherwise = std::nullopt) const {
    if (!has(name) && otherwise) return *otherwise;
    const auto value = number_in<int>(text(name));
    if (!value || *value < 0)
      throw usage_error(fmt::format("the environment variable {} is '{}', not a number", name, text(name)),
                        "start the processes with a launcher that sets it, or unset it");
    return *value;
  }

 private:
  const EnvironmentVariables& variable_;
};

ProcessPlace of_launcher(const Reader& env, const std::string& launcher, const char* rank, const char* size) {
  ProcessPlace place;
  place.launcher = launcher;
  place.rank = env.number(rank);
  place.size = env.number(size);
  if (place.rank >= place.size)
    throw usage_error(fmt::format("{}={} is outside a group of {}={}", rank, place.rank, size, place.size),
                      "ranks count from 0");
  place.address = env.text("MASTER_ADDR");
  place.port = env.number("MASTER_PORT", kPort);
  return place;
}

// mpirun does not say where process 0 runs.
ProcessPlace of_mpi(const Reader& env, const std::string& launcher, const char* rank, const char* size,
                    const char* local_size) {
  auto place = of_launcher(env, launcher, rank, size);
  if (!place.address.empty()) return place;
  if (env.number(local_size, 0) != place.size)
    throw usage_error(
        fmt::format("{} runs on several machines, but MASTER_ADDR does not say where process 0 is", launcher),
        "set MASTER_ADDR to the address of the first machine for all processes");
  place.address = "127.0.0.1";
  return place;
}

}  // namespace

std::string first_host(const std::string& list) {
  const auto end = list.find_first_of("[,");
  const auto name = list.substr(0, end);
  if (end == std::string::npos || list[end] == ',') return name;
  const auto close = list.find(']', end);
  const auto number = list.substr(end + 1, list.find_first_of("-,]", end) - end - 1);
  const auto rest = close == std::string::npos ? "" : list.substr(close + 1);
  return name + number + rest.substr(0, rest.find(','));
}

std::optional<ProcessPlace> place_in(const EnvironmentVariables& variable) {
  const Reader env(variable);
  std::optional<ProcessPlace> place;
  if (env.has(kMeetingFile)) {
    place = of_launcher(env, "belamy --processes", "RANK", "WORLD_SIZE");
    place->file = env.text(kMeetingFile);
  } else if (env.has("RANK") && env.has("WORLD_SIZE")) {
    place = of_launcher(env, "RANK and WORLD_SIZE", "RANK", "WORLD_SIZE");
    if (place->address.empty()) place->address = "127.0.0.1";
    if (env.text("TORCHELASTIC_USE_AGENT_STORE") == "True")
      place->prefix = fmt::format("/worker/attempt_{}", env.text("TORCHELASTIC_RESTART_COUNT", "0"));
  } else if (env.has("OMPI_COMM_WORLD_SIZE")) {
    place =
        of_mpi(env, "Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_SIZE");
  } else if (env.has("PMI_SIZE") && env.has("MPI_LOCALNRANKS")) {  // srun sets the first alone
    place = of_mpi(env, "MPICH", "PMI_RANK", "PMI_SIZE", "MPI_LOCALNRANKS");
  } else if (env.has("SLURM_STEP_ID") && env.has("SLURM_STEP_NUM_TASKS")) {
    // A shell of a job without srun has the job's variables too, but no number of tasks of its step.
    place = of_launcher(env, "SLURM", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS");
    if (place->address.empty())
      place->address =
          first_host(env.text("SLURM_STEP_NODELIST", env.text("SLURM_JOB_NODELIST", "127.0.0.1")));
    if (!env.has("MASTER_PORT")) place->port = 20000 + env.number("SLURM_JOB_ID", 0) % 20000;
  }
  if (place && place->size < 2) return std::nullopt;
  return place;
}

}  // namespace belamy
