#!/usr/bin/env bash
# The scoreboard: every row names recipes, labs and claims that exist, the page matches the results, and a row trains,
# resumes, measures, judges and writes.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

# --- The rows of the project ---
expect_code 0 "$BELAMY" reproduce --list
expect_text "^ +11 gan-parzen-mnist +(not measured|partial|reproduced)"
mapfile -t rows < <("$BELAMY" reproduce --list | awk '{print $2}')
((${#rows[@]} >= 10)) || fail "only ${#rows[@]} rows"
for row in "${rows[@]}"; do
  expect_code 0 "$BELAMY" reproduce "$row" --dry-run
done
"$BELAMY" reproduce --table --results "$SOURCE/reproduce/results" >page.md
if ! cmp -s page.md "$SOURCE/reproduce/README.md"; then
  fail "reproduce/README.md is not what 'belamy reproduce --table' prints"
fi
for file in "$SOURCE"/reproduce/results/*.json; do
  [[ -e $file ]] || continue
  [[ -e $SOURCE/reproduce/$(basename "$file" .json).toml ]] || fail "$file is the result of no row"
done

# --- A row of its own: two groups of a small GAN, two seeds ---
settings='"train.threads=1", "train.steps=STEPS", "model.generator=[16]", "model.discriminator=[16]", "model.latent=2", "data.limit=1000"'
write_row() { # FILE PASS...
  cat >"$1" <<ROW
title = "Small GANs"
paper = "Nobody."
protocol = "Very short."
seeds = 2
[[group]]
name = "short"
recipe = "gan-ring"
settings = [${settings/STEPS/5}]
evaluate = ["samples=100"]
[[group]]
name = "long"
recipe = "gan-ring"
settings = [${settings/STEPS/10}, "data.seed={seed}"]
evaluate = ["samples=100"]
[[value]]
key = "short"
text = "short, modes"
group = "short"
score = "modes-covered"
[[value]]
key = "long"
text = "long, diversity in percent"
group = "long"
score = "diversity"
factor = 100
ROW
  printf '[[pass]]\n%s\n' "${@:2}" >>"$1"
}
write_row small.toml 'value = "short"
max = 8' 'value = "long"
min = 0'
expect_code 0 "$BELAMY" reproduce small.toml --dry-run
expect_none runs reproduce
expect_code 0 "$BELAMY" reproduce small.toml
expect_text "short <= 8: holds"
expect_text "small: reproduced; reproduce/results/small.json"
expect_file runs/reproduce/small-{short,long}-seed{1,2}/report.html reproduce/results/small.json
grep -q '"status": "reproduced"' reproduce/results/small.json || fail "the result does not say that it is reproduced"
grep -q '^seed = 2$' runs/reproduce/small-long-seed2/resolved.toml || fail "the seed has not reached the data"
# Finished runs are not trained again and give the same values.
values() { sed -n '/"values"/,/^  \]/p' "$1"; }
values reproduce/results/small.json >before
expect_code 0 "$BELAMY" reproduce small.toml
expect_text "resuming from step 10"
values reproduce/results/small.json >after
expect_same before after
# A run of an earlier program has no value for a setting that is new. Fewer seeds than the row asks for are not enough.
sed -i '/^fast = /d' runs/reproduce/small-short-seed1/resolved.toml
expect_code 0 "$BELAMY" reproduce small.toml --seeds 1
expect_text "small: partial \(1 of 2 seeds\)"

# --- A condition that does not hold ---
write_row small.toml 'value = "short"
min = 9'
expect_code 7 "$BELAMY" reproduce small.toml --seeds 2 --results other
expect_text "short >= 9: does not hold"
grep -q '"status": "partial"' other/small.json || fail "the result does not say that it is partial"

# --- A lab ---
cat >lab.toml <<'ROW'
title = "A lab"
paper = "Nobody."
protocol = "A lab."
seeds = 3
[[group]]
name = "lab"
lab = "kl-js-range"
[[value]]
key = "js"
text = "JS"
group = "lab"
score = "js_1"
[[value]]
key = "failed"
text = "claims that fail"
group = "lab"
score = "failed claims"
[[pass]]
value = "js"
near = 0.15911
tolerance = 1e-5
[[pass]]
value = "failed"
max = 0
ROW
expect_code 0 "$BELAMY" reproduce lab.toml
expect_text "lab: reproduced"
expect_file runs/reproduce/lab-seed1/index.html

# --- A group that uses the run of another ---
cat >uses.toml <<'ROW'
title = "One run, two uses"
paper = "Nobody."
protocol = "Very short."
seeds = 1
[[group]]
name = "whole"
recipe = "gan-ring"
settings = ["train.threads=1", "train.steps=5", "model.generator=[16]", "model.discriminator=[16]", "model.latent=2", "data.limit=1000"]
evaluate = ["samples=100"]
[[group]]
name = "truncated"
run = "whole"
use = ["use.truncation=0.01"]
evaluate = ["samples=100"]
[[value]]
key = "whole"
text = "diversity"
group = "whole"
score = "diversity"
[[value]]
key = "truncated"
text = "diversity, truncated"
group = "truncated"
score = "diversity"
[[pass]]
value = "truncated"
below = "whole"
ROW
expect_code 0 "$BELAMY" reproduce uses.toml --dry-run
expect_text "truncated: the run of whole"
expect_code 0 "$BELAMY" reproduce uses.toml
expect_text "truncated < whole: holds"
expect_none runs/reproduce/uses-truncated-seed1
sed 's/use.truncation/use.truncatoin/' uses.toml >wrong.toml
expect_failure 2 "$BELAMY" reproduce wrong.toml
expect_text "did you mean 'use.truncation'"

# --- Mistakes of users ---
expect_failure 2 "$BELAMY" reproduce gan-parzen-mnits
expect_text "did you mean 'gan-parzen-mnist'"
expect_failure 2 "$BELAMY" reproduce missing.toml
expect_text "there is no row file 'missing.toml'"
sed 's/gan-ring/gan-rnig/' small.toml >wrong.toml
expect_failure 2 "$BELAMY" reproduce wrong.toml
expect_text "no recipe or model is called 'gan-rnig'"
sed 's/score = "modes-covered"/score = "mode-covered"/' small.toml >wrong.toml
expect_failure 2 "$BELAMY" reproduce wrong.toml --seeds 1
expect_text "has no score 'mode-covered'; did you mean 'modes-covered'"
sed 's/score = "modes-covered"/score = "recall"/' small.toml >wrong.toml
expect_failure 2 "$BELAMY" reproduce wrong.toml --seeds 1
expect_text "group 'short' has no score 'recall'"
expect_text "choose one of .*modes-covered"
sed 's/js_1/js_9/' lab.toml >wrong.toml
expect_failure 2 "$BELAMY" reproduce wrong.toml
expect_text "lab 'kl-js-range' has no claim 'js_9'"
sed 's/samples=100/sample=100/' small.toml >wrong.toml
expect_failure 2 "$BELAMY" reproduce wrong.toml
expect_text "did you mean 'samples'"
sed "s/\"samples=100\"/'measures=[\"modes\"]'/" small.toml >wrong.toml
expect_failure 2 "$BELAMY" reproduce wrong.toml
expect_text "no measure is called 'modes'"
# The row has changed since its runs were trained.
sed 's/train.steps=5/train.steps=6/' small.toml >changed.toml
mv changed.toml small.toml
expect_failure 2 "$BELAMY" reproduce small.toml
expect_text "the run in .*small-short-seed1 has other settings than the row"
