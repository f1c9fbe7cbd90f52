// The arguments that all verbs share which open a run: the folder, settings of use, the device.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "cli/parser.h"

namespace belamy::cli {

struct RunRequest {
  std::string folder, device = "auto";
  std::vector<std::string> settings;  ///< "use.KEY=VALUE"

  /// Warnings go to standard error.
  std::unique_ptr<Run> open() const;
};

/// Adds the run, which comes first, and its options.
void add_run(Verb& verb, RunRequest& request);
/// The same for a verb that can work without a run; `help` describes the argument.
void add_optional_run(Verb& verb, RunRequest& request, const std::string& help);

}  // namespace belamy::cli
