#!/bin/sh
# Takes a snapshot of Vault (SNAPSHOT), logged in as ROLE at the login MOUNT with the token of the pod (JWT), and reads it
# again. Vault hands out no half of one: the client looks for the last file of the archive, its sealed checksums.
set -eu

VAULT_TOKEN=$(vault write -field=token "auth/$MOUNT/login" role="$ROLE" jwt=@"$JWT")
export VAULT_TOKEN
trap 'vault token revoke -self' EXIT
vault operator raft snapshot save "$SNAPSHOT"
vault operator raft snapshot inspect -details=false "$SNAPSHOT"
