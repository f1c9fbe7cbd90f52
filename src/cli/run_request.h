// The arguments that all verbs share which open a run: the folder, settings of use, the checkpoint, the device.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "belamy/run.h"

#include "cli/parser.h"

namespace belamy::cli {

struct RunRequest {
  std::string folder, device = "auto";
  std::vector<std::string> settings;  ///< "use.KEY=VALUE"
  std::optional<std::int64_t> step;   ///< of the checkpoint; the newest by default

  /// Warnings go to standard error.
  std::unique_ptr<Run> open() const;
};

/// Adds the run, which comes first, and its options.
void add_run(Verb& verb, RunRequest& request);
/// The same for a verb that can work without a run; `help` describes the argument.
void add_optional_run(Verb& verb, RunRequest& request, const std::string& help);

/// Adds --data: data whose test split is used, those of the run by default.
void add_test_data(Verb& verb, std::string& data);
/// The same; a source without a test split is used whole.
void add_test_data_or_all(Verb& verb, std::string& data);

}  // namespace belamy::cli
