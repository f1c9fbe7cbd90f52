#!/usr/bin/env bash
# Trainings in several processes: start, stop, resume, failures, and the environments of the launchers.
# shellcheck source=tests/harness.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../harness.sh"

if ! "$BELAMY" train gan --data ring "${tiny[@]}" --steps 2 --processes 2 --out probe >said 2>&1; then
  if grep -q 'came without Gloo' said; then
    echo "skipped: LibTorch came without Gloo"
    exit 77
  fi
fi

newest() {
  find "$1/checkpoints" -name 'step-*.safetensors' 2>/dev/null | sort | tail -n 1
}
has_checkpoint() {
  [[ -n $(newest "$1") ]]
}
# The ranks of one group, as a launcher would start them. wait_ranks leaves their exit codes in $codes.
port=$((20000 + $$ % 10000))
start_rank() { # RANK COMMAND...
  local rank=$1
  shift
  env RANK="$rank" WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port BELAMY_PROCESS_TIMEOUT="${patience:-60}" \
    "$@" >"rank$rank" 2>&1 &
  ranks+=($!)
}
wait_ranks() {
  codes=
  local id
  for id in "${ranks[@]}"; do
    local code=0
    wait "$id" || code=$?
    codes+="$code "
  done
  ranks=()
  port=$((port + 1))
}
ranks=()
run=(train gan --data ring "${tiny[@]}" --set train.batch=32 --set train.sample_every=1000 --set train.checkpoint_every=50)

# Two processes give the same bits each time, and so does a run that was stopped and resumed.
expect_code 0 "$BELAMY" "${run[@]}" --steps 200 --processes 2 --out one
expect_text '2 processes, each with 1 thread and its part of the batch of 32'
expect_text 'done: 200 steps'
expect_code 0 "$BELAMY" "${run[@]}" --steps 200 --processes 2 --out two
expect_same "$(newest one)" "$(newest two)"
expect_code 0 "$BELAMY" "${run[@]}" --steps 100 --processes 2 --out three
expect_code 0 "$BELAMY" train --resume --out three --steps 200 --processes 2
expect_same "$(newest one)" "$(newest three)"
expect_code 0 "$BELAMY" sample one -n 4 --out s.png

# Small parts of a batch are worth a word where its statistics are used.
expect_code 0 "$BELAMY" train dcgan --data glyphs --set data.size=16 --set limit=64 --set model.width=4 --set train.batch=16 --steps 3 \
  --processes 2 --out small
expect_text 'each process sees 8 of its 16 examples only'

# Another number of processes is said.
expect_code 0 "$BELAMY" train --resume --out three --steps 210
expect_text 'goes on with 1 process, not with 2'

# The environment of torchrun; mpirun and srun differ only in the names, which a unit test knows.
for rank in 0 1; do start_rank $rank "$BELAMY" "${run[@]}" --steps 200 --out four; done
wait_ranks
[[ $codes == "0 0 " ]] || fail "two ranks end with $codes"
expect_same "$(newest one)" "$(newest four)"
[[ ! -s rank1 ]] || fail "rank 1 prints"
grep -q 'process 0 of 2, as the environment says' rank0 || fail "rank 0 does not say why it is one of two"
# One process on purpose, in the shell of a launcher.
expect_code 0 env RANK=1 WORLD_SIZE=2 "$BELAMY" "${run[@]}" --steps 2 --processes 1 --out five

# A signal to the starting process stops all, and everything is saved.
"$BELAMY" "${run[@]}" --steps 1000000 --processes 2 --out six >said 2>&1 &
background=$!
wait_for 30 has_checkpoint six
kill -TERM $background
code=0
wait $background || code=$?
background=
[[ $code == 6 ]] || fail "a stopped training ends with $code"
expect_text 'everything is saved'

# A process that dies ends all within seconds, with a sentence.
"$BELAMY" "${run[@]}" --steps 1000000 --processes 2 --out seven >said 2>&1 &
background=$!
wait_for 30 has_checkpoint seven
victim=$(for id in $(pgrep -P $background); do
  if tr '\0' '\n' <"/proc/$id/environ" | grep -qx RANK=1; then echo "$id"; fi
done)
begin=$SECONDS
kill -KILL "$victim"
code=0
wait $background || code=$?
background=
[[ $code == 8 ]] || fail "a training whose process was killed ends with $code"
((SECONDS - begin < 20)) || fail "the end took $((SECONDS - begin)) s"
expect_text 'process 1 of 2 was ended by signal 9'
expect_text 'another process of this training has ended or cannot be reached'
expect_code 0 "$BELAMY" train --resume --out seven --steps "$(($(basename "$(newest seven)" .safetensors | tr -dc 0-9 | sed 's/^0*//') + 10))" --processes 2

# What only one process finds wrong is told by the first.
expect_failure 2 "$BELAMY" "${run[@]}" --processes 3 --steps 5 --out eight
expect_text 'a batch of 32 cannot be divided equally among 3 processes'
expect_text '30 or 33'
[[ ! -e eight/resolved.toml ]] || fail "a refused training leaves a run"

# A process that is missing is named.
patience=3 start_rank 0 "$BELAMY" "${run[@]}" --steps 5 --out nine
wait_ranks
[[ $codes == "8 " ]] || fail "process 0 alone ends with $codes"
grep -q 'waiting for process 1 of 2' rank0 || fail "it does not say for whom it waits"
grep -q 'process 1 of 2 did not answer within 3 s' rank0 || fail "it does not name the missing process"
patience=3 start_rank 1 "$BELAMY" "${run[@]}" --steps 5 --out nine
wait_ranks
[[ $codes == "8 " ]] || fail "process 1 alone ends with $codes"
grep -q 'cannot reach process 0 at 127.0.0.1, port' rank1 || fail "it does not name process 0"
[[ $(wc -l <rank1) -le 3 ]] || fail "it says more than three lines"

# A port that is in use by a program that never answers.
python3 - $port <<'PYTHON' &
import socket, sys, time
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", int(sys.argv[1])))
s.listen()
open("listening", "w").close()
time.sleep(60)
PYTHON
background=$!
wait_for 10 test -e listening
patience=5 start_rank 0 "$BELAMY" "${run[@]}" --steps 5 --out ten
patience=3 start_rank 1 "$BELAMY" "${run[@]}" --steps 5 --out ten
wait_ranks
kill $background
background=
[[ $codes == "2 8 " ]] || fail "a port in use ends with $codes"
grep -q 'cannot listen on port' rank0 || fail "it does not name the port"
grep -q 'no answer within 3 s' rank1 || fail "it does not say that the other program is silent"

# Variables that contradict themselves.
expect_failure 2 env RANK=5 WORLD_SIZE=2 "$BELAMY" "${run[@]}" --steps 5 --out eleven
expect_text 'RANK=5 is outside a group of WORLD_SIZE=2'

# Two machines: network namespaces with addresses of their own. A link that is cut ends in an error.
if [[ $(id -u) -eq 0 ]] && command -v ip >/dev/null && ip netns add "belamy-a-$$" 2>/dev/null; then
  ip netns add "belamy-b-$$"
  ip link add "va$$" netns "belamy-a-$$" type veth peer name "vb$$" netns "belamy-b-$$"
  for side in a b; do
    ip -n "belamy-$side-$$" link set lo up
    ip -n "belamy-$side-$$" addr add "192.168.77.$([[ $side == a ]] && echo 1 || echo 2)/24" dev "v$side$$"
    ip -n "belamy-$side-$$" link set "v$side$$" up
  done
  on_two() { # STEPS OUT: for process 0 its own machine has the address 127.0.0.1, as on many machines
    local sides=(a b) addresses=(127.0.0.1 192.168.77.1) rank
    for rank in 0 1; do
      start_rank $rank env MASTER_ADDR="${addresses[rank]}" ip netns exec "belamy-${sides[rank]}-$$" \
        "$BELAMY" "${run[@]}" --steps "$1" --out "$2"
    done
  }
  on_two 200 twelve
  wait_ranks
  [[ $codes == "0 0 " ]] || { fail "two machines end with $codes"; cat rank0 rank1 >&2; }
  if [[ -e twelve ]]; then expect_same "$(newest one)" "$(newest twelve)"; fi
  patience=12 on_two 1000000 thirteen
  wait_for 30 has_checkpoint thirteen
  ip -n "belamy-a-$$" link set "va$$" down
  begin=$SECONDS
  wait_ranks
  ((SECONDS - begin < 80)) || fail "a cut link is noticed after $((SECONDS - begin)) s"
  [[ $codes == "8 8 " ]] || { fail "a cut link ends with $codes"; cat rank0 rank1 >&2; }
  expect_code 0 "$BELAMY" sample thirteen -n 4 --out t.png
  ip netns del "belamy-a-$$"
  ip netns del "belamy-b-$$"
else
  echo "without network namespaces: two machines are not tried"
fi
