#!/usr/bin/env bash
# The pages of `belamy docs`: every verb, model, recipe and exit code is in them, their tables are whole, and no file of
# the user's is replaced.
# shellcheck disable=SC2016  # the back quotes are Markdown
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

expect_code 0 "$BELAMY" docs pages
expect_text "^4 pages in pages: verbs.md, models.md, recipes.md, settings.md$"
expect_file pages/{verbs,models,recipes,settings}.md

expect_line() { # REGEX PAGE
  grep -Eq -- "$1" "pages/$2" || fail "$2 has no line '$1'"
}

# --- What each page has ---
while read -r verb; do
  expect_line "^## ${verb//_/-}$" verbs.md
done < <(sed -n 's/^BELAMY_VERB(\(.*\))$/\1/p' "$SOURCE/src/cli/verbs.def")
expect_line "^## data info$" verbs.md
expect_line '^\| `--to TEXT( REQUIRED)?` \| ' verbs.md
if grep -q -e '--help` |' pages/verbs.md; then fail "verbs.md repeats --help"; fi
"$BELAMY" man >belamy.1
codes=$(sed -nE 's/^  [a-z]+ = ([0-9]+),.*/\1/p' "$SOURCE/include/belamy/error.h")
[[ -n $codes ]] || fail "no exit codes in include/belamy/error.h"
for code in $codes; do
  expect_line "^\| $code \| [a-z]" verbs.md
  grep -Eq "(^|; )$code: [a-z]" belamy.1 || fail "the manual page has no exit code $code"
done

while read -r model; do
  expect_line "^### $model$" models.md
done < <("$BELAMY" models | sed -nE 's/^([a-z][a-z0-9-]*) .*/\1/p')
"$BELAMY" models --markdown | grep '^| ' >tables || fail "models --markdown has no tables"
if grep -qvxFf pages/models.md tables; then fail "models.md lacks a row of models --markdown"; fi
# A setting of every run is with a model only where the model has another default.
section() { sed -n "/^### $1\$/,/^##/p" pages/models.md >"$1.md"; }
section aae
section dcgan
grep -q '^| `train.batch` | `100` |' aae.md || fail "models.md does not say that aae has batches of 100"
grep -q '^| `model\.' aae.md || fail "models.md has no setting of aae's own"
grep -q '^| `optimizer.generator.lr` | `0.0002` |' dcgan.md || fail "models.md does not say which rate dcgan has"
if grep -q '`train.seed`\|`data.source`' dcgan.md; then fail "models.md repeats the settings of every run"; fi
expect_code 0 "$BELAMY" models aae
expect_text "train.batch +100 "

while read -r recipe _; do
  expect_line "^### $recipe$" recipes.md
done < <("$BELAMY" recipes | grep '^[a-z]')
awk '/^##/ { here = $0 == "### dcgan-mnist"; next } /^```/ { next } here' pages/recipes.md >recipe.toml
expect_code 0 "$BELAMY" train recipe.toml --dry-run --data glyphs

for setting in data.source train.steps optimizer.PLAYER.lr; do expect_line "^\| \`$setting\` \| " settings.md; done

# --- Markdown ---
for page in pages/*.md; do
  # The rows of a table have as many cells as its first; "\|" ends no cell.
  awk '{ line = $0; gsub(/\\\|/, "", line); cells = gsub(/\|/, "", line) }
       !/^\|/ { width = 0; next }
       !width { width = cells }
       cells != width { print FILENAME ", line " FNR ": " $0; bad = 1 }
       END { exit bad }' "$page" >rows || fail "a row of a table has too many or too few cells: $(head -1 rows)"
  while read -r link; do
    [[ -f pages/$link ]] || fail "$page leads to $link, which does not exist"
  done < <(grep -oE '\]\([^)]*\)' "$page" | sed 's/^](//; s/)$//')
done

# --- Where it may write ---
cp -r pages before
echo "changed" >>pages/models.md
expect_code 0 "$BELAMY" docs pages/
diff -r before pages >differences || fail "a second call does not write the same pages: $(head -3 differences)"
mkdir mine
echo "# Recipes for cakes" >mine/recipes.md
expect_failure 2 "$BELAMY" docs mine
expect_text "mine/recipes.md: this file exists already, and Belamy did not write it"
[[ $(ls mine) == recipes.md && $(<mine/recipes.md) == "# Recipes for cakes" ]] || fail "the user's folder has changed: $(ls mine)"
expect_code 0 "$BELAMY" train gan-ring --steps 1 --out run "${tiny[@]}"
expect_failure 2 "$BELAMY" docs run
expect_text "this is the folder of a run"
expect_failure 2 "$BELAMY" docs pages.html
expect_text "a folder is needed"
expect_code 2 "$BELAMY" docs
