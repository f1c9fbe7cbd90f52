#!/usr/bin/env bash
# The README's commands do what it says: every line of a sh block below <!-- tested --> runs as it stands, in one scratch
# folder, and ends well within a minute.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

printf '#!/bin/sh\nexec "%s" "$@"\n' "$BELAMY" >belamy
chmod +x belamy
export PATH=$scratch:$PATH

awk '/^<!-- tested -->/ { marked = 1; next }
     /^```sh/ && marked { inside = 1; next }
     /^```/ { inside = marked = 0 }
     inside && NF && !/^#/' "$SOURCE/README.md" >"$scratch/lines"
[[ -s lines ]] || fail "README.md has no tested block"
while IFS= read -r line <&3; do
  expect_code 0 timeout 60 bash -c "$line"
done 3<lines
