// The verb `studio`: a local web page for watching, steering and using runs.
#include "studio/studio.h"

#include <chrono>
#include <fmt/format.h>
#include <thread>

#include "cli/stop_signals.h"
#include "cli/verbs.h"
#include "core/env.h"
#include "train/machine.h"

namespace belamy::cli {
namespace {

struct StudioRequest {
  std::vector<std::string> folders;
  std::int64_t port = 0, forwarded = 0;
  bool read_only = false, any_data = false, url = false;
};

ExitCode serve(const StudioRequest& request) {
  if (request.url) {
    fmt::print("{}\n", studio::address_of_running_studio());
    return ExitCode::ok;
  }
  studio::StudioOptions options{.port = static_cast<int>(request.port),
                                .forwarded = static_cast<int>(request.forwarded),
                                .read_only = request.read_only,
                                .any_data = request.any_data};
  for (const auto& folder : request.folders) options.folders.emplace_back(folder);
  if (options.folders.empty()) options.folders.emplace_back("runs");
  for (const auto& folder : options.folders) {
    if (fs::exists(folder) && !fs::is_directory(folder))
      throw usage_error(fmt::format("'{}' is no folder", folder.string()), "give folders that hold runs");
  }
  prepare_machine("cpu");
  const StopSignals signals;
  studio::Studio studio(options);
  fmt::print(
      "open  {}\nfrom another machine: ssh -L {}:127.0.0.1:{} HOST, then the same address\nCtrl-C ends the studio; "
      "trainings go on\n",
      studio.address(), studio.port(), studio.port());
  std::fflush(stdout);
  while (!signals.came() && !studio.ended()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  return ExitCode::ok;
}

}  // namespace

void add_studio(Verb program) {
  auto request = std::make_shared<StudioRequest>();
  auto verb = program.verb("studio", "Watch, steer and explore runs in the browser");
  verb.option("folders", request->folders, "Folders with runs; new runs go into the first one [runs]")
      .values(0, 100);
  verb.option("--port", request->port, "Port on this machine; 0: any free one").between(0, 65535);
  verb.option("--forwarded", request->forwarded, "Another port under which a browser sees it, as with ssh -L")
      .between(0, 65535);
  verb.flag("--read-only", request->read_only, "Show only: nothing can be started or steered");
  verb.flag("--any-data", request->any_data, "Let new runs use any folder as data, not only known sets");
  verb.flag("--url", request->url, "Print the address of a running studio, for a further browser");
  verb.does([request] { return serve(*request); });
}

}  // namespace belamy::cli
