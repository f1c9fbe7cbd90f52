// Ctrl-C, a request to terminate, and a closed terminal.
#pragma once

namespace belamy::cli {

/// Starts a thread that takes these signals; all other threads block them. A signal handler that ran inside a
/// training step could destroy the run: kernels of oneDNN use the stack pointer for data, so the signal's
/// frame would be written over tensors. Call it once, before other threads exist.
void watch_stop_signals();

/// While it exists, these signals are noted and do not end the program. From then on a closed pipe (train | head
/// -1) does not end it either. A program that was started to survive a closed terminal (nohup) survives it.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;

  /// Whether one has come since the constructor.
  bool came() const;
};

}  // namespace belamy::cli
