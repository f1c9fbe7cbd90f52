// A folder for one test alone: tests run at the same time.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/env.h"

namespace belamy {

/// A folder for one test, removed with everything in it at the end.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (fs::temp_directory_path() / "belamy-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw file_error("create the folder", name, errno);
    path_ = name;
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  const fs::path& path() const { return path_; }
  fs::path operator/(const fs::path& name) const { return path_ / name; }

 private:
  fs::path path_;
};

}  // namespace belamy
