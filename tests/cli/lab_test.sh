#!/usr/bin/env bash
# Every lab runs with --tiny, its claims hold, and its page loads nothing; mistakes of users get a message.
# shellcheck source=tests/harness.sh
source "$SOURCE/tests/harness.sh"

expect_code 0 "$BELAMY" lab list
expect_text "^shift-gan +[A-Z]"
mapfile -t labs < <("$BELAMY" lab list | sed -nE 's/^([a-z0-9-]+)  +[^ ].*/\1/p')
((${#labs[@]} > 0)) || fail "lab list names no lab"

for lab in "${labs[@]}"; do
  expect_code 0 "$BELAMY" lab "$lab" --tiny --out "page-$lab"
  expect_text "^claim +expected +measured"
  expect_text "([0-9]+) of \1 claims? holds?,"
  page=page-$lab/index.html
  expect_file "$page"
  # Elements and styles come before the scripts; these hold no loads of their own, and the policy would stop any.
  sed '/^<script>/,$d' "$page" >elements
  if grep -Eo '(src|srcset|data|poster)="https?://[^"]*|url\(["'\'']?https?://[^)]*|<link[^>]*https?://|@import' elements; then
    fail "the page of $lab loads something"
  fi
  grep -q "default-src 'none'" "$page" || fail "the page of $lab has no policy"
  grep -q '<article>' "$page" || fail "the page of $lab has no text"
done

# --- A claim that fails ---
expect_code 7 "$BELAMY" lab shift-gan --set rounds=1
expect_text "FAIL"
expect_file runs/lab-shift-gan/index.html
grep -q 'class="fails"' runs/lab-shift-gan/index.html || fail "the page does not show the failed claim"

# --- Settings ---
expect_code 0 "$BELAMY" lab shift-gan --dry-run
expect_text "rounds +400 +1 \.\. "
expect_none page-none
expect_failure 2 "$BELAMY" lab shift-gan --set rouds=1
expect_text "'rounds'"
expect_failure 2 "$BELAMY" lab shift-gan --set rounds=0
expect_failure 2 "$BELAMY" lab shift-gan --set objective=minimaks
expect_text "'minimax'"
expect_failure 2 "$BELAMY" lab shift-gam
expect_text "did you mean 'shift-gan'"
expect_failure 2 "$BELAMY" lab
