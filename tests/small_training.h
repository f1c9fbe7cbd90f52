// Settings of small trainings, and what their tests share.
#pragma once

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <limits>
#include <string>
#include <unistd.h>
#include <vector>

#include "errors.h"
#include "small_data.h"

namespace belamy {

inline const float kNan = std::numeric_limits<float>::quiet_NaN();

inline const std::vector<std::string> kTinyGan = {"train.batch=16", "train.steps=100", "model.generator=[16]",
                                                  "model.discriminator=[16]", "model.latent=4"};

inline std::vector<std::string> with(std::vector<std::string> settings,
                                     const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

inline const std::vector<std::string> kTinyAutoencoder = {"train.batch=16", "train.steps=10",
                                                          "model.hidden=[16]", "model.code=4"};

inline std::vector<Tensor> copies_of(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> copies;
  for (const auto& tensor : tensors) copies.push_back(tensor.detach().clone());
  return copies;
}

inline bool all_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), same_bits);
}

/// A folder for one test alone: tests run at the same time.
inline std::filesystem::path scratch(const std::string& name) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return std::filesystem::path(testing::TempDir()) /
         (name + "-" + test->name() + "-" + std::to_string(::getpid()));
}

}  // namespace belamy
