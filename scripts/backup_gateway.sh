#!/bin/sh
# Serves S3 on the target of the backups. With BACKUP_PASSWORD, what is written is encrypted before it leaves. rclone takes
# such a password in a form of its own, which hides it from nobody (rclone obscure), and the keys of its clients as CSV.
set -eu

RCLONE_AUTH_KEY="\"$AWS_ACCESS_KEY_ID,$AWS_SECRET_ACCESS_KEY\""
export RCLONE_AUTH_KEY
if [ -n "${BACKUP_PASSWORD:-}" ]; then
  RCLONE_CONFIG_SEALED_PASSWORD="$(printf '%s\n' "$BACKUP_PASSWORD" | rclone obscure -)"
  export RCLONE_CONFIG_SEALED_PASSWORD
fi
exec rclone serve s3 buckets:
