// The verb `lab`: runs a lab.
#include "labs/lab.h"

#include <chrono>
#include <fmt/format.h>

#include "cli/outputs.h"
#include "cli/verbs.h"
#include "core/columns.h"
#include "core/contradictions.h"
#include "core/env.h"
#include "core/progress.h"
#include "core/text.h"
#include "train/machine.h"

namespace belamy::cli {
namespace {

struct LabRequest {
  std::string name, out;
  std::vector<std::string> settings;
  bool tiny = false, dry_run = false;
};

ExitCode list_labs() {
  std::vector<std::vector<std::string>> rows;
  for (const auto& lab : all_labs()) rows.push_back({lab.name, load_lab(lab).title});
  fmt::print("{}", in_columns(rows));
  fmt::print(
      "\n'belamy lab NAME' runs one and writes its page, 'belamy lab NAME --dry-run' shows its settings\n");
  return ExitCode::ok;
}

void print_verdicts(const std::vector<LabVerdict>& verdicts) {
  // In characters, not bytes: claims contain signs such as θ.
  std::size_t claim = 5, expected = 8, measured = 8;
  for (const auto& verdict : verdicts) {
    claim = std::max(claim, characters(verdict.claim));
    expected = std::max(expected, characters(verdict.expected));
    measured = std::max(measured, characters(verdict.measured));
  }
  fmt::print("{:<{}}  {:<{}}  {:<{}}\n", "claim", claim, "expected", expected, "measured", measured);
  for (const auto& verdict : verdicts) {
    static constexpr const char* words[] = {"pass", "FAIL", "skipped"};
    fmt::print("{:<{}}  {:<{}}  {:<{}}  {}\n", verdict.claim, claim, verdict.expected, expected,
               verdict.measured, measured, words[static_cast<int>(verdict.kind)]);
  }
}

ExitCode run_labs(const LabRequest& request) {
  const auto& entry = find_lab(request.name);
  const auto folder = request.out.empty() ? "runs/lab-" + entry.name : request.out;
  const auto out =
      OutputPath::named("--out", folder, {OutputKind::folder}).below("index.html", lab_page_mark);
  Progress progress;
  Lab lab(load_lab(entry), request.tiny, request.settings,
          [&](const std::string& text) { progress.update(text); });
  refuse_contradictions(lab.fields(), request.settings);
  fmt::print("{}\n", lab.sheet().title);
  if (request.dry_run) {
    fmt::print("{}\n\nsettings, for --set KEY=VALUE\n{}\nclaims\n", lab.sheet().source, lab.fields().help());
    for (const auto& claim : lab.sheet().claims) fmt::print("  {}: {}\n", claim.text, claim.bounds.text());
    return ExitCode::ok;
  }
  prepare_machine("cpu");
  const auto begin = std::chrono::steady_clock::now();
  entry.run(lab);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  progress.finish();

  const auto page = lab.page(time.count());
  write_output(out, render_lab(page));
  print_verdicts(page.verdicts);
  std::size_t failed = 0, judged = 0;
  for (const auto& verdict : page.verdicts) {
    failed += verdict.kind == LabVerdict::Kind::fails;
    judged += verdict.kind != LabVerdict::Kind::skipped;
  }
  fmt::print("{} of {} {}, in {}; the page is {}\n", judged - failed, counted(judged, "claim"),
             judged == 1 ? "holds" : "hold", format_duration(time.count()), out.string());
  return failed > 0 ? ExitCode::expectation : ExitCode::ok;
}

}  // namespace

void add_lab(Verb program) {
  auto request = std::make_shared<LabRequest>();
  auto verb =
      program.verb("lab", "Check the claims of a lecture slide by measurement, and write a page of results");
  verb.option("name", request->name, "'list', or the name of a lab").required();
  verb.flag("--tiny", request->tiny,
            "Run for a few seconds: fewer steps, and skip the claims that need more");
  verb.flag("--dry-run", request->dry_run, "Print settings and claims, measure nothing");
  verb.option("--set", request->settings, "KEY=VALUE: a setting of the lab (--dry-run lists them)");
  verb.option("--out", request->out, "Folder of the page [runs/lab-NAME]");
  verb.does([request] { return request->name == "list" ? list_labs() : run_labs(*request); });
}

}  // namespace belamy::cli
