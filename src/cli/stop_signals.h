// Ctrl-C, a request to terminate, and a closed terminal.
#pragma once

namespace belamy::cli {

/// A thread of its own takes these signals, and all other threads block them. A handler that ran inside a
/// training step could destroy the run: kernels of oneDNN use the stack pointer for data, so that the frame
/// of a signal is written over tensors. Call it once, before other threads exist.
void watch_stop_signals();

/// While it exists, these signals are noted instead of ending the program. A closed pipe (train | head -1) is
/// ignored. Programs that were started to survive a closed terminal (nohup) do.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;

  /// Whether one has come since the constructor.
  bool came() const;
};

}  // namespace belamy::cli
