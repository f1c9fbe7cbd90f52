#include "scoreboard/rows.h"

#include <algorithm>
#include <utility>

#include "belamy/config.h"
#include "belamy/error.h"

#include "core/env.h"
#include "reproduce.h"

namespace belamy {

std::vector<ReproductionRow> all_rows() {
  std::vector<ReproductionRow> rows;
  for (const auto& [path, text] : embedded_reproduce())
    rows.push_back(ReproductionRow::parse(fs::path(path).stem().string(), std::string(text), path));
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.number < b.number; });
  return rows;
}

ReproductionRow find_row(const std::string& name) {
  if (fs::path(name).extension() == ".toml") {
    if (!Env::real().exists(name)) throw usage_error("there is no row file '" + name + "'");
    return ReproductionRow::parse(fs::path(name).stem().string(), Env::real().read(name), name);
  }
  std::vector<std::string> names;
  for (auto& row : all_rows()) {
    if (row.name == name) return row;
    names.push_back(row.name);
  }
  throw usage_error("the scoreboard has no row '" + name + "'",
                    suggestion(name, names) + "'belamy reproduce --list' lists all");
}

std::string result_file(const ReproductionRow& row) {
  return row.name + ".json";
}

std::optional<ReproductionResult> kept_result(const fs::path& results, const ReproductionRow& row) {
  const auto path = results / result_file(row);
  if (!Env::real().exists(path)) return std::nullopt;
  auto result = ReproductionResult::parse(Env::real().read(path), path.string());
  judge_reproduction(row, result);  // what is asked for may have changed since
  return result;
}

}  // namespace belamy
