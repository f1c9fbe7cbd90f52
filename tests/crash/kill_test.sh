#!/usr/bin/env bash
# kill -9 at 50 random moments: --resume always works, and ends with the bits of an uninterrupted run. SIGTERM, SIGINT and
# SIGHUP save, print how to resume, and end with the same bits.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"
kills=50
RANDOM=1

# Checkpoints every other step: much of the run is saving, so that many kills hit a save.
train() { # FOLDER; in the background it is the program itself, for signals
  exec "$BELAMY" train gan --data ring --steps 150 --out "$1" --resume "${tiny[@]}" --set train.checkpoint_every=2 \
    --set train.log_seconds=0.1
}
finish() (train "$1")

# A checkpoint's header (its clock and its sum, which covers the clock, taken out; it is padded with spaces) and its
# values must agree.
header() { # FILE
  local length
  length=$(od -An -tu8 -N 8 "$1")
  tail -c +9 "$1" | head -c "$length" | sed -E 's/"(seconds|sha256)":"[^"]*",?//g; s/ +$//'
}
values() { # FILE
  local length
  length=$(od -An -tu8 -N 8 "$1")
  tail -c +$((9 + length)) "$1"
}
expect_equal() { # RUN: its last checkpoint is that of the undisturbed run
  local file=$1/checkpoints/step-00000150.safetensors whole=whole/checkpoints/step-00000150.safetensors
  if [[ ! -s $file ]]; then
    fail "$1 has no last checkpoint"
  elif [[ $(header "$file") != "$(header "$whole")" ]]; then
    fail "the headers of $1 and the undisturbed run differ"
    diff <(header "$whole") <(header "$file") >&2 || true
  elif ! cmp <(values "$whole") <(values "$file"); then
    fail "the values of $1 and the undisturbed run differ"
  fi
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

begin=$(milliseconds)
expect_code 0 finish whole
span=$(($(milliseconds) - begin))

# Moments are spread evenly over the time that the undisturbed run took, its start included.
starting=0 saving=0 finished=0 run=run-0
for ((i = 0; i < kills; ++i)); do
  train $run >said-$i.txt 2>&1 &
  background=$!
  moment=$((RANDOM * span / 32768))
  sleep "$((moment / 1000)).$(printf %03d $((moment % 1000)))"
  kill -9 "$background" 2>/dev/null || true
  code=0
  wait "$background" 2>/dev/null || code=$?
  background=
  if [[ $code == 137 ]]; then
    grep -q '^step' said-$i.txt || starting=$((starting + 1))
    if compgen -G "$run/checkpoints/*.tmp*" >leftovers; then saving=$((saving + 1)); fi
  elif [[ $code == 0 ]]; then
    expect_equal $run
    finished=$((finished + 1))
    i=$((i - 1))
    run=run-$((finished))
  else
    fail "after $i kills the run ends with $code"
    sed 's/^/    /' said-$i.txt >&2
    break
  fi
done
expect_code 0 finish $run
expect_equal $run
echo "$kills kills in $((finished + 1)) runs of $span ms: $starting before the first step, $saving left half a file"
((starting > 0 && starting < kills)) || fail "the moments do not cover start and training"

# Threads that would run a handler on their own stack, which oneDNN's kernels use for data: at most the one that waits for
# signals does not block HUP, INT and TERM.
threads_with_handlers() { # PROCESS
  local status mask free=0
  for status in /proc/"$1"/task/*/status; do
    mask=$((16#$(sed -n 's/^SigBlk:\s*//p' "$status")))
    if (((mask & 0x4003) != 0x4003)); then free=$((free + 1)); fi
  done
  echo "$free"
}

for signal in TERM INT HUP; do
  train "$signal" >"$signal.txt" 2>&1 &
  background=$!
  wait_for 60 compgen -G "$signal/checkpoints/*.safetensors" >/dev/null
  (($(threads_with_handlers "$background") <= 1)) || fail "SIG$signal could interrupt a training step"
  kill -s "$signal" "$background"
  code=0
  wait "$background" || code=$?
  background=
  [[ $code == 6 ]] || fail "after SIG$signal the training ends with $code, expected 6"
  grep -q "stopped after step .*resume with: belamy train --resume --out $signal" "$signal.txt" ||
    fail "SIG$signal: $(tail -n 1 "$signal.txt")"
  expect_code 0 "$BELAMY" train --resume --out "$signal"
  expect_text "resuming from step"
  expect_equal "$signal"
done

# nohup: a closed terminal does not stop the training.
with_nohup() {
  trap '' HUP
  train nohup
}
with_nohup >nohup.txt 2>&1 &
background=$!
wait_for 60 compgen -G "nohup/checkpoints/*.safetensors" >/dev/null
kill -s HUP "$background"
code=0
wait "$background" || code=$?
background=
[[ $code == 0 ]] || fail "with nohup, SIGHUP ends the training with $code: $(tail -n 1 nohup.txt)"

list_into_full() { "$BELAMY" models >/dev/full; }
sample_with_limit() (
  ulimit -f 8
  "$BELAMY" sample limited -n 40000 --out many.npz
)

# --- A closed pipe does not end a training; a full disk below standard output is reported ---
train piped 2>&1 | head -n 1 >/dev/null || true
expect_file piped/report.html
expect_code 0 "$BELAMY" train --resume --out piped
expect_text "nothing to do"
# The last line has no reader: not a signal (141), but the error of output that cannot be written.
code=0
train piped-too 2>/dev/null | true || code=${PIPESTATUS[0]}
[[ $code == 5 ]] || fail "a training whose output has no reader ends with $code, expected 5"
expect_file piped-too/report.html
# Messages without a reader of standard error leave the code as it is.
without_errors() { "$BELAMY" "$@" 2>/dev/full; }
expect_code 2 without_errors sample
expect_code 2 without_errors sample nowhere.png --out x.doc
if [[ -c /dev/full ]]; then
  expect_code 5 list_into_full
  expect_text "cannot write to standard output: No space left on device"
fi
# A limit of file sizes is an error like a full disk; the run stays good.
expect_code 0 finish limited
expect_code 5 sample_with_limit
expect_text "many.npz"
expect_none many.npz
