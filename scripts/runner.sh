#!/usr/bin/env bash
# Before a runner starts: what it and its jobs trust (BUNDLE: the authorities of the image and CLUSTER_CA), and its
# registration at INSTANCE under NAME with TOKEN, once for each instance. The answer holds a token of its own (STATE).
set -euo pipefail

mkdir -p "$HOME"
system=/etc/ssl/certs/ca-certificates.crt
if [[ -r $system ]]; then
  cat "$system" "$CLUSTER_CA" >"$BUNDLE"
else
  cat "$CLUSTER_CA" >"$BUNDLE"
fi

if [[ -s $STATE ]] && grep -qF "\"address\": \"$INSTANCE\"" "$STATE"; then
  echo "Runner $NAME is registered at $INSTANCE"
  exit 0
fi
"$RUNNER" --config "$CONFIG" register --no-interactive --instance "$INSTANCE" --name "$NAME" --token "$TOKEN"
if [[ ! -s $STATE ]]; then
  echo "Runner $NAME was not registered at $INSTANCE" >&2
  exit 1
fi
