# shellcheck shell=bash
# For the shell tests: a scratch folder, expectations and small data. A failed expectation is told and counted; the test
# goes on, and ends with 1. Sourced, not run; BELAMY is the program.
set -euo pipefail
: "${BELAMY:?the path of the built program}"
scratch=$(mktemp -d)
failures=0
background=
clean_up() {
  local code=$?
  if [[ -n $background ]]; then kill -9 "$background" 2>/dev/null || true; fi
  cd /
  umount "$scratch/full" 2>/dev/null || true  # the full disk of a test that was cut short
  rm -rf "$scratch"
  if ((failures > 0)); then
    echo "$failures expectations failed" >&2
    exit 1
  fi
  exit "$code"
}
trap clean_up EXIT
cd "$scratch"
# Several tests may run at once: threads that wait must not spin.
export OMP_WAIT_POLICY=passive
export BELAMY_CACHE=$scratch/cache

# One small network a player, one thread: about a second.
# shellcheck disable=SC2034  # for the tests
tiny=(--set train.threads=1 --set "model.generator=[16]" --set "model.discriminator=[16]")

fail() {
  echo "FAILED: $1" >&2
  failures=$((failures + 1))
}

show() {
  head -n 20 "$scratch/said" | sed 's/^/    /' >&2
}

# expect_code N COMMAND...: the command ends with N; what it says is kept for expect_text.
expect_code() {
  local wanted=$1 found=0
  shift
  "$@" >"$scratch/said" 2>&1 || found=$?
  called=${*//"$BELAMY"/belamy}
  if [[ $found != "$wanted" ]]; then
    fail "'$called' ends with $found, expected $wanted"
    show
  fi
}

# expect_failure N COMMAND...: ends with N, and tells why in exactly one line that begins with 'belamy:'; no defect.
expect_failure() {
  expect_code "$@"
  local lines
  lines=$(grep -v '^belamy: warning: ' "$scratch/said" | grep -c '^belamy: ' || true)
  if [[ $lines != 1 ]] || grep -q 'internal error' "$scratch/said"; then
    fail "'$called' tells its failure in $lines lines"
    show
  fi
}

# expect_text REGEX: in what the last command said.
expect_text() {
  if ! grep -Eq -- "$1" "$scratch/said"; then
    fail "'$called' does not say '$1':"
    show
  fi
}

# expect_no_text REGEX: not in what the last command said.
expect_no_text() {
  if grep -Eq -- "$1" "$scratch/said"; then
    fail "'$called' says '$1':"
    show
  fi
}

expect_file() { # PATH...: each exists and is not empty
  local path
  for path in "$@"; do
    [[ -s $path ]] || fail "there is no $path after '$called'"
  done
}

expect_none() { # PATH...: none exists
  local path
  for path in "$@"; do
    [[ ! -e $path ]] || fail "$path is left after '$called'"
  done
}

expect_same() { # FILE FILE
  cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

expect_different() { # FILE FILE
  if cmp -s "$1" "$2"; then fail "$1 and $2 are the same"; fi
}

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local tries=$((10 * $1))
  shift
  until "$@" 2>/dev/null; do
    if ((--tries == 0)); then
      fail "'$*' did not come true"
      return
    fi
    sleep 0.1
  done
}

# make_images FOLDER COUNT: 16x16 gray PGM in two classes; `left` is bright on the left, `top` at the top.
make_images() {
  mkdir -p "$1/left" "$1/top"
  awk -v folder="$1" -v count="$2" 'BEGIN {
    srand(1)
    for (i = 0; i < count; ++i) {
      file = sprintf("%s/%s/%03d.pgm", folder, i % 2 ? "left" : "top", i)
      print "P2\n16 16\n255" > file
      for (y = 0; y < 16; ++y) for (x = 0; x < 16; ++x) print ((i % 2 ? x : y) < 8 ? 155 : 0) + int(100 * rand()) > file
      close(file)
    }
  }'
}

# make_idx FILE COUNT: the header of COUNT 16x16 images and bytes for five.
make_idx() {
  # shellcheck disable=SC2059  # the format is the header
  printf "\\x00\\x00\\x08\\x03$(printf '%08x' "$2" | sed 's/../\\x&/g')\\x00\\x00\\x00\\x10\\x00\\x00\\x00\\x10" >"$1"
  head -c $((5 * 256)) /dev/zero | tr '\0' 'x' >>"$1"
}

newest() { # RUN: its newest checkpoint
  local files=("$1"/checkpoints/*.safetensors)
  echo "${files[-1]}"
}
