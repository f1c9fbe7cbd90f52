#!/usr/bin/env bash
# Resumed runs: changed settings are reported and kept, the data are found from any folder, and a length shorter than the
# steps done, or a misspelt folder, is an error.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

make_images images 80
expect_code 0 "$BELAMY" train gan --data images --steps 6 --out run "${tiny[@]}" --set train.batch=8

# --- Without changes there is no message, also from another folder ---
mkdir -p elsewhere
expect_code 0 env -C elsewhere "$BELAMY" train --resume --out ../run --steps 8
expect_text "resuming from step 6"
expect_text "done: 2 steps"
expect_no_text "from here on|have changed|has 8 steps now"
expect_code 0 env -C elsewhere "$BELAMY" evaluate ../run --samples 100

# --- Lengths ---
expect_failure 2 "$BELAMY" train --resume --out run --steps 5
expect_text "'run' has made 8 steps already, more than the requested 5"
expect_code 0 "$BELAMY" train --resume --out run
expect_text "nothing to do: the run is complete after 8 steps"

# --- Settings and data that differ ---
expect_code 0 "$BELAMY" train --resume --out run --steps 10 --set train.batch=4 --set optimizer.generator.schedule=linear
expect_text "train.batch was 8 and is 4 from here on"
expect_text 'optimizer.generator.schedule was "constant" and is "linear" from here on'
expect_text "the length of the run has changed from 8 to 10 steps"
expect_no_text "have changed"
grep -q "train.batch was 8" run/messages.json || fail "what differs is not kept with the run"
rm images/left/001.pgm images/left/003.pgm
expect_code 0 "$BELAMY" train --resume --out run --steps 11
expect_text "the training data have changed: 72 examples before, 70 now"
sed 's/255$/254/; s/^200$/20/' images/top/000.pgm >changed && mv changed images/top/000.pgm
expect_code 0 "$BELAMY" train --resume --out run --steps 12
expect_text "the training data have changed: still 70 examples, but other contents"

# --- Names ---
expect_code 0 "$BELAMY" train gan --data ring --steps 2 --out runs/circles "${tiny[@]}"
expect_failure 5 "$BELAMY" train --resume --out runs/cirlces
expect_text "there is no run 'runs/cirlces'"
expect_text "did you mean 'runs/circles'"
expect_failure 5 "$BELAMY" sample runs/cirlces
expect_text "did you mean 'runs/circles'"
expect_none runs/cirlces
expect_code 0 "$BELAMY" train gan --data ring --steps 2 --resume --out runs/new "${tiny[@]}"
expect_text "runs/new holds no run to resume; a new run starts"

# --- A run that has lost files ---
expect_code 0 "$BELAMY" train gan --data ring --steps 6 --out lost --set "model.generator=[16]" --set train.log_seconds=0 --set train.sample_every=2
cp -r lost copy
rm -r lost/checkpoints
expect_failure 5 "$BELAMY" train --resume --out lost --steps 8
expect_text "the run 'lost' has made 6 steps, but its checkpoints are gone"
diff -r lost copy --exclude checkpoints >/dev/null || fail "a run without checkpoints was changed"
head -c 9 copy/threads.csv >half && mv half copy/threads.csv
expect_code 0 "$BELAMY" train --resume --out copy --steps 8
expect_text "the numbers of threads of earlier steps are lost"
expect_text "done: 2 steps"
head -c 40 copy/resolved.toml >half && mv half copy/resolved.toml
expect_failure 5 "$BELAMY" train --resume --out copy
expect_text "the settings of the run cannot be read"
expect_text "restore a good copy of resolved.toml"

# --- A contradiction that shows in the first step leaves nothing ---
expect_failure 2 "$BELAMY" train gan --data ring --steps 3 --out refused "${tiny[@]}" --set train.batch=1
expect_text "set train.batch=2 or more"
expect_none refused
expect_code 0 "$BELAMY" train gan --data ring --steps 3 --out refused "${tiny[@]}" --set train.batch=2

# --- Closed standard streams: nothing printed lands in a file of the run ---
code=0
"$BELAMY" train gan --data ring --steps 3 --out closed "${tiny[@]}" --set train.log_seconds=0 <&- >&- 2>&- || code=$?
[[ $code -eq 5 ]] || fail "with a closed standard output the exit code is $code"
if grep -q 'step [0-9]' closed/metrics.jsonl closed/events.* closed/resolved.toml; then
  fail "a file of the run holds printed lines"
fi
