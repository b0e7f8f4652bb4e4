#!/bin/sh
# Sends the files in OUT to TARGET, reads back what lies there and compares it byte by byte, then removes what is older than
# RETENTION_DAYS, by the clock of the target. What could not be sent or compared removes nothing.
set -eu

rclone copy "$OUT" "$TARGET"
rclone check --one-way --download "$OUT" "$TARGET"
rclone delete --use-server-modtime --min-age "${RETENTION_DAYS}d" --include "*.tar.age" "$TARGET"
