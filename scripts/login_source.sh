#!/usr/bin/env bash
# Makes the login source of Gitea what the environment says: SOURCE, CLIENT_ID, CLIENT_SECRET, DISCOVERY_URL, SCOPES,
# USER_GROUP, ADMIN_GROUP, GROUP_TEAM_MAP. It takes the place of the chart's own step, which ends the start of Gitea
# whenever Authentik does not answer: Gitea reads the discovery document when a source is added or updated. It tries that
# for TRIES rounds. If nothing has changed since it last succeeded, of which it keeps a digest in APPLIED, Gitea starts
# without; else it does not, for an old client secret lets nobody in, and old groups let in who should stay out.
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
  command=(gitea admin auth add-oauth)
else
  command=(gitea admin auth update-oauth --id "$id")
fi
digest=$(printf '%s\0' "${options[@]}" | sha256sum)
for ((round = 1; round <= TRIES; round++)); do
  if "${command[@]}" "${options[@]}"; then
    echo "$digest" >"$APPLIED"
    echo "Login source $SOURCE is as declared"
    exit 0
  fi
  echo "Login source $SOURCE not written: is $DISCOVERY_URL read? (round $round of $TRIES)" >&2
  sleep "$PAUSE_SECONDS"
done
if [[ -n $id && -f $APPLIED && $(<"$APPLIED") == "$digest" ]]; then
  # Gitea restores the source and finds the provider again at the first login after Authentik is back.
  echo "Login source $SOURCE stays as it was, which is as declared: $DISCOVERY_URL could not be read" >&2
  exit 0
fi
echo "Login source $SOURCE is not as declared, and $DISCOVERY_URL could not be read" >&2
exit 1
