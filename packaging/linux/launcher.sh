#!/bin/sh
# Starts Spaceport with the interpreter that was installed beside it, whatever else is installed.
here=$(dirname "$(dirname "$(readlink -f "$0")")")
unset PYTHONHOME PYTHONPATH PYTHONSTARTUP
export PYTHONSAFEPATH=1 PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1
cache=${XDG_CACHE_HOME:-$HOME/.cache}/spaceport/numba
if mkdir -p "$cache" 2>/dev/null; then
    export NUMBA_CACHE_DIR="${NUMBA_CACHE_DIR:-$cache}"
fi
exec "$here/runtime/bin/python3.11" -m spaceport_app "$@"
