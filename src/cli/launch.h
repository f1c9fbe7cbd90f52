// Starts the processes of `belamy train --processes N`.
#pragma once

#include <cstdint>

#include "belamy/error.h"

namespace belamy::cli {

/// Runs this very command in `count` processes that know of each other, and waits for all. A signal to stop goes to
/// all of them. If one fails, the others end as well. Returns the exit code of the training.
ExitCode run_in_processes(std::int64_t count);

/// Whether this process was started by run_in_processes.
bool is_one_of_several();

}  // namespace belamy::cli
