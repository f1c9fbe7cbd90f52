#!/usr/bin/env bash
# Every objective and every trick trains a recipe on MNIST (without that data: on glyphs) with one extra key.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

data=(--data glyphs --set data.limit=500)
if [[ -f ${BELAMY_DATA:-}/mnist/README.md ]]; then
  data=()
else
  echo "BELAMY_DATA has no mnist: the tricks run on glyphs"
fi

"$BELAMY" models gan --json >gan.json
mapfile -t tricks < <(sed -n '/"variants"/,/]/ s/^ *"\(model\.[^"]*\)".*/\1/p' gan.json)
[[ ${#tricks[@]} -ge 20 ]] || fail "only ${#tricks[@]} tricks are listed"
mapfile -t objectives < <(sed -n '/"key": "model.objective"/,/}/ s/^ *"type": "one of \(.*\)",*/\1/p' gan.json | tr -d ' "' | tr ',' '\n')
[[ ${#objectives[@]} -ge 8 ]] || fail "only ${#objectives[@]} objectives are listed: ${objectives[*]}"

for key in "${tricks[@]}" "${objectives[@]/#/model.objective=}"; do
  expect_code 0 "$BELAMY" train gan-mnist "${data[@]}" --steps 2 --out run --set train.threads=1 --set train.batch=32 --set "$key"
  rm -rf run
done
expect_code 0 "$BELAMY" train dcgan-mnist "${data[@]}" --steps 2 --out conv --set train.threads=1 --set train.batch=32 --set model.r1=1
