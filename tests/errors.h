// The messages of errors, for tests of any suite.
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "belamy/error.h"

namespace belamy {

/// Runs `action`, which must throw an Error of this code, and returns its message.
template <class F>
std::string message_of(ExitCode code, const F& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

}  // namespace belamy
