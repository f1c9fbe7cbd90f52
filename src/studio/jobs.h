// Programs that the studio has started: trainings, evaluations, labs. Each is Belamy itself with other arguments.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <vector>

namespace belamy::studio {

struct Job {
  std::int64_t number = 0;
  std::string kind, title, command;  ///< command: as one would type it
  std::filesystem::path log, out;    ///< what it prints; where it writes, may be empty
  bool running = true;
  int code = 0;  ///< its exit code, when it has ended
};

class Jobs {
 public:
  /// What they print goes to files in `folder`.
  explicit Jobs(std::filesystem::path folder);

  /// Starts "belamy ARGUMENTS" in a session of its own, so that it lives on when the studio ends. No shell is involved.
  std::int64_t start(const std::string& kind, const std::string& title,
                     const std::vector<std::string>& arguments, const std::filesystem::path& out = {});
  /// A usage error for a number that is not known.
  Job find(std::int64_t number);
  std::vector<Job> all();
  /// Asks it to end, as Ctrl-C does.
  void stop(std::int64_t number);
  /// The end of what it has printed, in lines; progress lines that were overwritten are left out.
  std::string printed(std::int64_t number);
  const std::filesystem::path& folder() const { return folder_; }

 private:
  void look();

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::vector<Job> jobs_;
  std::vector<pid_t> processes_;
};

}  // namespace belamy::studio
