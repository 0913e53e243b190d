#!/bin/sh
# Runs a command after making sure the dependencies are installed: the first command a newcomer types must be enough.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.serin-installed
if [ ! -f "$stamp" ] || [ package-lock.json -nt "$stamp" ]; then
  echo "Installing dependencies (once)…" >&2
  # npm's own settings (such as a --json meant for the command) must not leak into the install.
  log=$(mktemp)
  if ! env -u npm_config_json npm ci --no-fund --no-audit --loglevel=error >"$log" 2>&1; then
    cat "$log" >&2
    echo "The installation failed. Check the network and the npm registry, then run the same command again." >&2
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
  touch "$stamp"
fi
PATH="$PWD/node_modules/.bin:$PATH" exec "$@"
