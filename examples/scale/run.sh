#!/bin/sh
# run.sh ENGINE PHOTOS MODEL OUT [options]: installs what the engine's program needs where that is due, and runs it.
# run.sh ENGINE --install: installs only.
set -e
here=$(cd "$(dirname "$0")" && pwd)
engine=$here/$1
shift

if [ -f "$engine/package.json" ]; then
  cd "$engine"
  [ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --ignore-scripts --no-audit --no-fund --silent
  # bagssl is what npm has installed here or in a folder above; else this clone, built.
  if ! node -p 'require.resolve("bagssl/package.json")' > /dev/null 2>&1; then
    [ -f "$here/../../dist/index.js" ] || { echo 'bagssl is not here: run "npm install bagssl", or in a clone of bagssl "npm ci && npm run build".' >&2; exit 1; }
    ln -s "$here/../.." node_modules/bagssl
  fi
  cd - > /dev/null
  [ "$1" = --install ] || exec node "$engine/embed.js" "$@"
  exit
fi

made=$engine/.venv/made
wanted=$(cat "$engine/requirements.txt" "$here/python/requirements.txt")
if [ "$(cat "$made" 2> /dev/null)" != "$wanted" ]; then
  rm -rf "$engine/.venv"
  "${PYTHON:-python3}" -m venv "$engine/.venv"
  "$engine/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$engine/requirements.txt"
  echo "$wanted" > "$made"
fi
[ "$1" != --install ] || exit 0
# The workers are processes of this machine, so this is all they need to find the shared module; README.md says what a cluster needs.
export PYTHONPATH="$here/python${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONDONTWRITEBYTECODE=1
exec "$engine/.venv/bin/python" "$engine/embed.py" "$@"
