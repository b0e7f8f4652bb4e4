#!/usr/bin/env bash
# Packs FILES of DIRECTORY (patterns) and encrypts them to the public keys in the file RECIPIENTS: one archive in OUT, named
# by the time. What it reads is written nowhere else.
set -euo pipefail
shopt -s nullglob

cd "$DIRECTORY"
read -ra patterns <<<"$FILES"
# shellcheck disable=SC2206 # a pattern becomes what is there, a name stays
files=(${patterns[@]})
name=$(date -u +%Y-%m-%dT%H%M%SZ).tar.age
# Files of a Secret are links.
tar -chf - "${files[@]}" | age --encrypt --recipients-file "$RECIPIENTS" --output "$OUT/$name"
echo "$name: ${files[*]}"
