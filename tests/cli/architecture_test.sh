#!/usr/bin/env bash
# What ARCHITECTURE.md promises about the tree: the order of the folders, no torch below nn, one file, one line and one
# recipe for each model, no path of somebody's machine.
set -euo pipefail
cd "$SOURCE"
failures=0
fail() {
  echo "FAILED: $1" >&2
  failures=$((failures + 1))
}

# --- Folders in dependency order: each includes only from itself and those before it ---
plain=(core store data report)
torch=(tensors nn objectives metrics models pictures processes train use export evaluate labs scoreboard studio)
order=("${plain[@]}" "${torch[@]}" cli)
grep -qx "set(BELAMY_PLAIN_FOLDERS ${plain[*]})" CMakeLists.txt || fail "CMakeLists.txt and this test differ on the plain folders"
grep -qx "set(BELAMY_TORCH_FOLDERS ${torch[*]})" CMakeLists.txt || fail "CMakeLists.txt and this test differ on the folders with torch"

for folder in src/*/; do
  [[ " ${order[*]} " == *" $(basename "$folder") "* ]] || fail "$folder has no place in the order: ${order[*]}"
done

# quoted_includes PATH...: "FILE INCLUDED" for every #include "..." below the paths.
quoted_includes() {
  grep -rEo --include='*.h' --include='*.cpp' '^ *# *include +"[^"]+"' "$@" | sed -E 's/:[^"]*"/ /; s/"$//'
}

allowed=' belamy '
for folder in "${order[@]}"; do
  allowed+="$folder "
  [[ -d src/$folder ]] || continue
  while read -r file included; do
    case $included in
      embedded.h | embedded_studio.h | labs.h | recipes.h | reproduce.h) ;; # CMake writes these; they hold text only
      */*) [[ $allowed == *" ${included%%/*} "* ]] || fail "$file includes $included, which comes after src/$folder" ;;
      *) fail "$file includes \"$included\": write it from src/, as \"$folder/$included\"" ;;
    esac
  done < <(quoted_includes "src/$folder" || true)
done
while read -r file included; do
  [[ $included == belamy/* ]] || fail "$file is installed and includes $included, which is not"
done < <(quoted_includes include)

# --- The plain folders compile without torch: neither directly nor through a public header ---
torch_include='^ *# *include +[<"](torch|ATen|c10|caffe2)/'
with_torch=()
mapfile -t with_torch < <(grep -rlE "$torch_include" include)
[[ ${#with_torch[@]} -gt 0 ]] || fail "no public header includes torch: this test no longer sees how it is included"
for ((i = 0; i < ${#with_torch[@]}; ++i)); do
  header=${with_torch[i]#include/}
  while read -r file; do
    [[ " ${with_torch[*]} " == *" $file "* ]] || with_torch+=("$file")
  done < <(grep -rlF "#include \"$header\"" include || true)
done
for folder in "${plain[@]}"; do
  while read -r file; do
    fail "$file includes torch; src/$folder does without"
  done < <(grep -rlE "$torch_include" "src/$folder" || true)
  while read -r file included; do
    [[ " ${with_torch[*]} " != *" include/$included "* ]] || fail "$file includes $included and with it torch"
  done < <(quoted_includes "src/$folder" || true)
done

# --- The list of files is current ---
[[ $(tools/file-list) == "$(<docs/files.md)" ]] || fail "docs/files.md is old: run tools/file-list > docs/files.md"
[[ $("$BELAMY" models --markdown) == "$(<docs/models.md)" ]] ||
  fail "docs/models.md is old: run ./belamy models --markdown > docs/models.md"

# --- Models: the list, the files and the recipes say the same ---
mapfile -t models < <(sed -nE 's/^BELAMY_MODEL\(([a-z0-9_]+)\).*/\1/p' src/models/models.def)
[[ ${#models[@]} -gt 0 ]] || fail "src/models/models.def lists no model"
[[ "${models[*]}" == "$(printf '%s\n' "${models[@]}" | LC_ALL=C sort -u | xargs)" ]] ||
  fail "src/models/models.def is not alphabetical, or names a model twice"
for model in "${models[@]}"; do
  [[ -f src/models/$model.cpp ]] || fail "models.def lists $model, but src/models/$model.cpp does not exist"
  compgen -G "recipes/*/${model//_/-}-*.toml" >/dev/null || fail "$model has no recipe recipes/FAMILY/${model//_/-}-DATA.toml"
done
for file in src/models/*.cpp; do
  model=$(basename "$file" .cpp)
  [[ $model == registry || " ${models[*]} " == *" $model "* ]] || fail "$file is not in src/models/models.def"
done
# A model's name anywhere else in the library, comments aside, is a fourth touch for the next model. "unit" is a common word as
# well: that of a number.
names=$(IFS='|' && echo "${models[*]//_/-}")
names=${names/|unit|/|}
while read -r line; do
  fail "a model is named outside src/models: $line"
done < <(grep -rnE "\"($names)\"" src/{core,store,data,report,nn,objectives,metrics,train} | grep -vE "//.*\"($names)\"" || true)

# --- Labs: the list, the files and the folders say the same ---
mapfile -t labs < <(sed -nE 's/^BELAMY_LAB\(([a-z0-9_]+)\).*/\1/p' src/labs/labs.def)
[[ ${#labs[@]} -gt 0 ]] || fail "src/labs/labs.def lists no lab"
[[ "${labs[*]}" == "$(printf '%s\n' "${labs[@]}" | LC_ALL=C sort -u | xargs)" ]] ||
  fail "src/labs/labs.def is not alphabetical, or names a lab twice"
for lab in "${labs[@]}"; do
  [[ -f src/labs/$lab.cpp ]] || fail "labs.def lists $lab, but src/labs/$lab.cpp does not exist"
  for file in lab.toml lab.md; do
    compgen -G "labs/[0-9][0-9]-${lab//_/-}/$file" >/dev/null || fail "$lab has no labs/NN-${lab//_/-}/$file"
  done
done
for file in src/labs/*.cpp labs/*/lab.toml; do
  lab=$(basename "$file" .cpp)
  [[ $file == labs/* ]] && lab=$(basename "$(dirname "$file")") && lab=${lab#[0-9][0-9]-} && lab=${lab//-/_}
  [[ " lab lab_data line perceptron " == *" $lab "* || " ${labs[*]} " == *" $lab "* ]] || fail "$file is not in src/labs/labs.def"
done

# --- No absolute path of a developer's machine ---
if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
  while read -r line; do
    fail "a path of somebody's machine: $line"
  done < <(git grep -InE '(^|[^[:alnum:]_.~/])/(work|home|root|Users)/' -- . ':!tests/cli/architecture_test.sh' || true)
fi

[[ $failures -eq 0 ]]
