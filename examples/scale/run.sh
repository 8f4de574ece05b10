#!/bin/sh
# run.sh ENGINE PHOTOS MODEL OUT [options]: makes the engine's virtual environment where it is due, and runs its program.
set -e
here=$(cd "$(dirname "$0")" && pwd)
engine=$here/$1
shift
made=$engine/.venv/made
wanted=$(cat "$engine/requirements.txt" "$here/python/requirements.txt")
if [ "$(cat "$made" 2>/dev/null)" != "$wanted" ]; then
  rm -rf "$engine/.venv"
  "${PYTHON:-python3}" -m venv "$engine/.venv"
  "$engine/.venv/bin/pip" install --quiet --disable-pip-version-check -r "$engine/requirements.txt"
  echo "$wanted" > "$made"
fi
[ "$1" = --install ] && exit
# The workers are processes of this machine, so this is all they need to find the shared module; README.md says what a cluster needs.
export PYTHONPATH="$here/python${PYTHONPATH:+:$PYTHONPATH}"
export PYTHONDONTWRITEBYTECODE=1
exec "$engine/.venv/bin/python" "$engine/embed.py" "$@"
