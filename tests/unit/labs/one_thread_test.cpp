#include "labs/one_thread.h"

#include <gtest/gtest.h>

namespace belamy::labs {
namespace {

TEST(OneThreadTest, OneThreadPutsTheNumberBack) {
  const int before = at::get_num_threads();
  {
    const OneThread one;
    EXPECT_EQ(at::get_num_threads(), 1);
  }
  EXPECT_EQ(at::get_num_threads(), before);
}

}  // namespace
}  // namespace belamy::labs
