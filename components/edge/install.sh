# Puts a configuration from standard input in the place of the one that a service runs with, on an edge server (POSIX sh;
# Debian and Ubuntu). What was there stays, and goes on to run, unless the new one is valid and the service takes it.
# Arguments: PROGRAM (haproxy or dnsdist), MARK (what the running program says once it has this configuration). Tests set
# ROOT and SOCKET.
set -eu
program=$1 mark=$2
file=${ROOT:-}/etc/$program/$program.$([ "$program" = haproxy ] && echo cfg || echo conf)
runbook='runbook: docs/runbooks/edge.md#a-server-does-not-take-its-configuration'
new=$(mktemp)
trap 'rm -f "$new"' EXIT
cat >"$new"

say() { echo "$program: $*" >&2; }

valid() {
  if [ "$program" = haproxy ]; then haproxy -c -f "$1"; else dnsdist --check-config -C "$1" >/dev/null; fi
}

# What runs, and not only what lies there: a reload that fails leaves the old process alone.
taken() {
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    if [ "$program" = haproxy ]; then
      said=$(echo "show info" | socat - "UNIX-CONNECT:${SOCKET:-/run/haproxy/admin.sock}" 2>/dev/null | grep '^description:' || true)
      [ "$said" = "description: $mark" ] && return 0
    else
      systemctl is-active -q dnsdist && return 0
    fi
    sleep 1
  done
  return 1
}

if ! command -v "$program" >/dev/null || ! command -v socat >/dev/null; then
  say "is being installed"
  apt-get update -qq >&2
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$program" socat >&2
fi
if ! problem=$(valid "$new" 2>&1); then
  say "refuses the new configuration, so the old one stays: $problem"
  say "$runbook"
  exit 1
fi
kept=$(mktemp)
cp -p "$file" "$kept" 2>/dev/null || : >"$kept"
cat "$new" >"$file" # keeps owner and mode
systemctl enable -q "$program"
if systemctl reload-or-restart "$program" && taken; then
  rm -f "$kept"
  exit 0
fi
say "$runbook"
say "did not take the new configuration (journalctl -u $program says why), so the old one is back"
cat "$kept" >"$file"
mark=$(sed -n 's/^ *description //p' "$kept")
rm -f "$kept"
if ! systemctl reload-or-restart "$program" || ! taken; then say "and does not start with it either"; fi
exit 1
