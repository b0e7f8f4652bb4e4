#!/usr/bin/env bash
# Makes the login source of Gitea what the environment says: SOURCE, CLIENT_ID, CLIENT_SECRET, DISCOVERY_URL, SCOPES,
# USER_GROUP, ADMIN_GROUP, GROUP_TEAM_MAP. It takes the place of the chart's own step, which ends the start of Gitea
# whenever Authentik does not answer: Gitea reads the discovery document when a source is added or updated.
set -euo pipefail

options=(
  --name "$SOURCE" --provider openidConnect --key "$CLIENT_ID" --secret "$CLIENT_SECRET"
  --auto-discover-url "$DISCOVERY_URL" --scopes "$SCOPES"
  --required-claim-name groups --required-claim-value "$USER_GROUP"
  --group-claim-name groups --admin-group "$ADMIN_GROUP"
  --group-team-map "$GROUP_TEAM_MAP" --group-team-map-removal=true
)

table=$(gitea admin auth list --vertical-bars)
id=$(awk -F '|' -v name="$SOURCE" '{ gsub(/[ \t]/, "") } $2 == name { print $1 }' <<<"$table")

if [[ -z $id ]]; then
  gitea admin auth add-oauth "${options[@]}"
  echo "Login source $SOURCE added"
elif gitea admin auth update-oauth --id "$id" "${options[@]}"; then
  echo "Login source $SOURCE updated"
else
  # Gitea restores the source and finds the provider again at the first login after Authentik is back.
  echo "Login source $SOURCE stays as it was: $DISCOVERY_URL could not be read" >&2
fi
