// The place of a process among those that a launcher has started, read from its environment.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace belamy {

struct ProcessPlace {
  std::string launcher;  ///< "RANK and WORLD_SIZE", "Open MPI", ...
  int rank = 0, size = 1;
  std::string address;  ///< of process 0
  int port = 0;
  std::string file;  ///< in place of address and port: where the processes of one machine meet
  /// The launcher runs the store at that address; all processes are its clients and use this prefix.
  std::optional<std::string> prefix = std::nullopt;
};

/// The value of an environment variable; null if it is not set.
using EnvironmentVariables = std::function<const char*(const char* name)>;

/// Looks in this order for belamy --processes, torchrun (RANK and WORLD_SIZE), Open MPI, MPICH, and a job step of
/// SLURM. No place if there is none, or only one process. MASTER_ADDR and MASTER_PORT count for all of them. Usage
/// errors: a variable that is not a number, a rank outside the group, several machines without MASTER_ADDR.
std::optional<ProcessPlace> place_in(const EnvironmentVariables& variable);

/// The first machine of a list as SLURM writes it: "gpu[03-05,09],cpu1" gives "gpu03".
std::string first_host(const std::string& list);

/// What `belamy train --processes` sets for its processes: the file where they meet.
inline constexpr const char* kMeetingFile = "BELAMY_MEETING_FILE";

}  // namespace belamy
