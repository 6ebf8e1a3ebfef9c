#!/usr/bin/env bash
# Uses the built product as a user does: serve, speak RESP, stop by a signal, serve again, find everything there.
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
work=$(mktemp -d)
server=''
stop() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT

fail() {
  echo "smoke test: $*" >&2
  cat "$work/log" >&2
  exit 1
}

# From another folder than the launcher's: paths on the command line are the caller's.
cd "$work"

serve() {
  "$root/emberkv" serve --port 0 --data data --memory 64mb "$@" 2>"$work/log" &
  server=$!
  port=''
  for _ in {1..600}; do
    port=$(sed -n 's/.*serving .* on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/log")
    [[ -z $port ]] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  fail "the server did not start"
}

# Sends one command and compares the first line of the reply, or the line behind a length.
expect() {
  local wanted=$1 got
  shift
  exec 3<>"/dev/tcp/127.0.0.1/$port"
  printf '%s\r\n' "$*" >&3
  IFS= read -r -t 10 got <&3 || fail "no reply to $*"
  [[ $got != \$* ]] || IFS= read -r -t 10 got <&3 || fail "no value in the reply to $*"
  exec 3>&-
  [[ ${got%$'\r'} == "$wanted" ]] || fail "$* was answered with $got, not $wanted"
}

terminate() {
  kill -TERM "$server"
  wait "$server" && status=0 || status=$?
  [[ $status -eq 143 ]] || fail "the server ended with $status on SIGTERM"
  server=''
}

serve
expect +PONG PING
expect +OK SET greeting hello
expect +OK EMB.CREATE items DIM 2
expect hello GET greeting
terminate
serve --log-format json
grep -q '^{.*"level":"INFO".*"formattedMessage":"serving data on 127' "$work/log" || fail "the log is not JSON"
expect hello GET greeting
expect +OK EMB.DROP items
terminate
"$root/emberkv" doctor >"$work/log"
echo "smoke test passed"
