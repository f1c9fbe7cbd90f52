#!/usr/bin/env bash
# The wrapper ./belamy and the set-up, on a project of one source file and with package tools that only record their
# calls: the machine stays as it is.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset CMAKE_PREFIX_PATH BELAMY_DATA BELAMY_LIBTORCH
export XDG_CACHE_HOME=$scratch/cache

fail() {
  echo "FAILED: $1" >&2
  exit 1
}
expect() { # what, expected, found
  [[ $2 == "$3" ]] || fail "$1: expected '$2', found '$3'"
}
expect_in() { # what, part, whole
  [[ $3 == *"$2"* ]] || fail "$1: '$2' is not in: $3"
}

# --- A small project in the shape of this one ---
project="$scratch/a project"
mkdir -p "$project"/{src,include,cmake,recipes,labs,reproduce,tools}
echo "number = 1" >"$project/reproduce/row.toml"
cp "$SOURCE"/{belamy,CMakePresets.json} "$project"
cp "$SOURCE"/tools/{build,engine,with-log} "$project/tools"
echo g++ >"$project/tools/packages.txt"
cat >"$project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.22)
project(small LANGUAGES CXX)
add_executable(belamy_program src/main.cpp)
set(PREFIX "$ENV{CMAKE_PREFIX_PATH}" CACHE STRING "")
set_target_properties(belamy_program PROPERTIES OUTPUT_NAME belamy RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
END
cat >"$project/src/main.cpp" <<'END'
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
int main(int count, char** arguments) {
  char folder[4096];
  const char* data = std::getenv("BELAMY_DATA");
  std::printf("%s|%s", getcwd(folder, sizeof folder), data ? data : "");
  for (int i = 1; i < count; ++i) std::printf("|%s", arguments[i]);
  return 4;
}
END
printf '#!/bin/sh\necho set-up >>"%s/setups"\n' "$scratch" >"$project/tools/setup"
chmod +x "$project/tools/setup"
setups() { wc -l <"$scratch/setups"; }

# Two first calls at once: one waits for the other, nothing breaks, and both run the program.
cd "$scratch"
"$project/belamy" one >one.out 2>one.err &
first=$!
"$project/belamy" two >two.out 2>two.err && fail "the program's exit code is lost"
wait "$first" || expect "exit code of the program" 4 "$?"
expect "first program" "$scratch||one" "$(<one.out)"
expect "second program" "$scratch||two" "$(<two.out)"
expect_in "one of two" "waiting" "$(cat one.err two.err)"
expect "builds" 2 "$(setups)"

# From another folder, through a symlink, with arguments that a shell could split.
ln -s "$project/belamy" "$scratch/link"
mkdir "$scratch/elsewhere"
cd "$scratch/elsewhere"
# The quickest of five counts: other tests may keep the machine busy.
quickest=1000000
for _ in 1 2 3 4 5; do
  before=$(date +%s%N)
  found=$(BELAMY_DATA=/some/data ../link train "my folder" '*' '' || true)
  took=$((($(date +%s%N) - before) / 1000000))
  if [[ $took -lt $quickest ]]; then quickest=$took; fi
done
expect "folder, environment, arguments" "$scratch/elsewhere|/some/data|train|my folder|*|" "$found"
[[ $quickest -lt 1000 ]] || fail "a second call took $quickest ms"
expect "no further build" 2 "$(setups)"

# A changed, a new and a removed source each lead to one build, a changed row of reproduce/ as well.
for change in 'echo "// changed" >>main.cpp' 'touch new.cpp' 'rm new.cpp' 'echo "number = 2" >../reproduce/row.toml'; do
  count=$(setups)
  (cd "$project/src" && eval "$change")
  ../link >/dev/null 2>&1 || true
  expect "builds after $change" "$((count + 1))" "$(setups)"
  ../link >/dev/null 2>&1 || true
  expect "builds in the call after that" "$((count + 1))" "$(setups)"
done

# Another LibTorch means another configuration.
CMAKE_PREFIX_PATH=/opt/torch ../link >/dev/null 2>err || true
expect_in "another CMAKE_PREFIX_PATH" "configuring" "$(<err)"
../link >/dev/null 2>err || true
expect_in "the former CMAKE_PREFIX_PATH" "configuring" "$(<err)"

# PyPI's LibTorch, here one that was fetched already, has a build of its own beside the other; so do its calls.
torch=$(sed -n 's/^torch_version=//p' "$project/tools/engine")
mkdir -p "$XDG_CACHE_HOME/belamy/torch-$torch/lib/python3.11/site-packages/torch"
touch "$XDG_CACHE_HOME/belamy/torch-$torch/complete"
BELAMY_LIBTORCH=pypi ../link >/dev/null 2>err || true
expect_in "PyPI's LibTorch" "configuring" "$(<err)"
expect "the prefix of PyPI's LibTorch" "$XDG_CACHE_HOME/belamy/torch-$torch/lib/python3.11/site-packages/torch" \
  "$(sed -n 's/^PREFIX:[A-Z]*=//p' "$project/build-pypi/CMakeCache.txt")"
BELAMY_LIBTORCH=pypi ../link >/dev/null 2>err || true
expect "a second call with PyPI's LibTorch" "" "$(<err)"
../link >/dev/null 2>err || true
expect "the first build after that" "" "$(<err)"
BELAMY_LIBTORCH=conda ../link >/dev/null 2>err && fail "an unknown LibTorch ends with 0"
expect_in "an unknown LibTorch" "may be 'debian' or 'pypi'" "$(<err)"

# A configuration that fails is tried again, and the program of the one before does not run in its place.
sed -i.kept 's/^project/broken_/' "$project/CMakeLists.txt"
for attempt in 1 2; do
  out=$(CMAKE_PREFIX_PATH=/opt/other ../link 2>err) && fail "attempt $attempt: a failed configuration ends with 0"
  expect "output after a failed configuration" "" "$out"
  expect_in "a failed configuration" "broken_" "$(<err)"
done
mv "$project/CMakeLists.txt.kept" "$project/CMakeLists.txt"
CMAKE_PREFIX_PATH=/opt/other ../link >/dev/null 2>err || true
expect_in "after a failed configuration" "configuring" "$(<err)"

# A source that does not compile: no program runs, not even the old one, and the next call tries again.
echo 'broken' >>"$project/src/main.cpp"
for attempt in 1 2; do
  out=$(../link 2>err) && fail "attempt $attempt: a failed build ends with 0"
  expect "output after a failed build" "" "$out"
  expect_in "a failed build" "build: failed" "$(<err)"
done

# --- The set-up, with package tools that do nothing ---
machine="$scratch/machine"
tools="$scratch/tools"
mkdir -p "$machine/tools" "$tools"
cp "$SOURCE"/tools/{setup,with-log} "$machine/tools"
printf '# a comment\nwanted-one\nlibtorch-dev   # engine\n\nwanted-two\n' >"$machine/tools/packages.txt"
fake() { # name, body
  printf '#!/bin/bash\n%s\n' "$2" >"$tools/$1"
  chmod +x "$tools/$1"
}
calls="$scratch/calls"
# shellcheck disable=SC2016  # the bodies expand when the fakes run
{
  fake dpkg-query 'cat "$INSTALLED"'
  fake apt-get 'echo "apt-get $* [$DEBIAN_FRONTEND]" >>"$CALLS"; echo "a line of apt"; [[ "$*" != *"$APT_FAILS"* ]]'
  fake update-alternatives 'echo "update-alternatives $*" >>"$CALLS"'
  fake readlink 'case $2 in *"$SLOW") echo "${2%/*}/blas/${2##*/}" ;; *) echo "${2%/*}/openblas-openmp/${2##*/}" ;; esac'
  fake id 'echo "$USER_ID"'
  fake sudo 'echo "sudo $*" >>"$CALLS"; [[ $SUDO_WORKS == yes ]] || exit 1; if [[ $1 != -* ]]; then "$@"; fi'
}
export CALLS=$calls INSTALLED=$scratch/installed
setup() { # NAME=VALUE... : runs the set-up; the calls are in $calls, its words in $words
  : >"$calls"
  words=$(env "PATH=$tools:$PATH" APT_FAILS=nothing SLOW=nothing USER_ID=0 SUDO_WORKS=no "$@" "$machine/tools/setup" 2>&1)
}
printf 'installed wanted-one\ninstalled libtorch-dev\ninstalled wanted-two\n' >"$INSTALLED"

setup || fail "a machine that has everything: $words"
expect "a machine that has everything, calls" "" "$(<"$calls")"
expect "a machine that has everything, words" "" "$words"
setup USER_ID=1000 || fail "a user needs no sudo where there is nothing to do: $words"

printf 'installed wanted-one\nconfig-files wanted-two\n' >"$INSTALLED"
setup || fail "missing packages: $words"
expect "missing packages" "install -y --no-install-recommends libtorch-dev wanted-two [noninteractive]" \
  "$(sed -n 's/.* install /install /p' "$calls")"

mkdir -p "$scratch/libtorch/share/cmake/Torch"
touch "$scratch/libtorch/share/cmake/Torch/TorchConfig.cmake"
setup "CMAKE_PREFIX_PATH=/nowhere:$scratch/libtorch" || fail "a given LibTorch: $words"
expect "a given LibTorch takes the place of Debian's" "install -y --no-install-recommends wanted-two [noninteractive]" \
  "$(sed -n 's/.* install /install /p' "$calls")"

setup USER_ID=1000 SUDO_WORKS=yes || fail "a user with sudo: $words"
expect_in "a user with sudo" "sudo env DEBIAN_FRONTEND=noninteractive apt-get" "$(<"$calls")"

setup USER_ID=1000 && fail "neither root nor sudo must end the set-up"
expect_in "neither root nor sudo" "apt-get install -y --no-install-recommends libtorch-dev wanted-two" "$words"
expect "neither root nor sudo: installs" "" "$(sed -n '/^apt-get/p' "$calls")"

setup APT_FAILS=install && fail "a failed installation must end the set-up"
expect_in "a failed installation shows apt's words" "a line of apt" "$words"

printf 'installed wanted-one\ninstalled libtorch-dev\ninstalled wanted-two\n' >"$INSTALLED"
setup SLOW=libblas.so.3 || fail "a slow BLAS: $words"
triplet=$(uname -m)-linux-gnu
expect "a slow BLAS is mended" \
  "update-alternatives --set libblas.so.3-$triplet /usr/lib/$triplet/openblas-openmp/libblas.so.3" "$(<"$calls")"
expect "a slow BLAS is one line" 1 "$(wc -l <<<"$words")"
expect_in "a slow BLAS" "libblas.so.3" "$words"
