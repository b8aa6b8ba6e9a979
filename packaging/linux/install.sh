#!/bin/sh
# Installs Spaceport for you alone; no administrator is needed. What was installed before is replaced.
#
#   ./install.sh               installs into ~/.local
#   ./install.sh --uninstall   removes it; projects, settings and engines stay
#   ./install.sh --purge       removes settings and engines too; projects stay
#
# The files lie in spaceport-app.a or spaceport-app.b, and the link spaceport-app says which of the
# two counts. A version is laid out in the one that does not count, and comes into force when the
# link is replaced. So there is a whole version however this ends, and the next run goes on.
set -eu

case ${HOME:-} in
/*) ;;
*)
    echo "HOME does not name your folder. Set it and try again." >&2
    exit 1
    ;;
esac
# By the rules of desktops, a folder that does not begin at the root counts as none.
case ${XDG_DATA_HOME:-} in /*) data=$XDG_DATA_HOME ;; *) data=$HOME/.local/share ;; esac
programs=$HOME/.local/bin
command=$programs/spaceport
home=$data/spaceport-app
icons="scalable/apps/spaceport.svg 16x16/apps/spaceport.png 24x24/apps/spaceport.png
32x32/apps/spaceport.png 48x48/apps/spaceport.png 64x64/apps/spaceport.png
128x128/apps/spaceport.png 256x256/apps/spaceport.png"

refresh() {
    # Those of a desktop that has them; a desktop without finds the files by itself.
    update-desktop-database "$data/applications" >/dev/null 2>&1 || true
    update-mime-database "$data/mime" >/dev/null 2>&1 || true
}

# Make $2 a link to $1 in one step, whatever link it was before.
point() {
    rm -f "$2.link"
    ln -s "$1" "$2.link"
    mv -fT "$2.link" "$2"
}

# Whether the command is ours, or there is none.
is_own() {
    [ -e "$command" ] || [ -L "$command" ] || return 0
    case $(readlink "$command" || true) in
    "$home/bin/spaceport" | "$home.a/bin/spaceport" | "$home.b/bin/spaceport") return 0 ;;
    esac
    return 1
}

remove() {
    if is_own; then rm -f "$command" "$command.link"; fi
    rm -f "$data/applications/spaceport.desktop" "$data/mime/packages/spaceport.xml" \
        "$data/metainfo/spaceport.metainfo.xml"
    for icon in $icons; do rm -f "$data/icons/hicolor/$icon"; done
    refresh
    rm -rf "$home" "$home.link" "$home.new" "$home.old" "$home.a" "$home.b"
}

is_open() {
    for place in "$home" "$home.a" "$home.b"; do
        for one in /proc/[0-9]*/exe; do
            # shellcheck disable=SC3013  # dash, bash and busybox know it
            if [ "$one" -ef "$place/runtime/bin/python3.11" ]; then return 0; fi
        done
    done
    return 1
}

# A path as the menu entry has it, where a backslash begins an escape. With "quoted" it is one that
# stands between double quotes and may hold no field code.
# shellcheck disable=SC1003  # the backslashes are meant
written() (
    LC_ALL=C
    rest=$1
    out=
    while [ -n "$rest" ]; do
        after=${rest#?}
        char=${rest%"$after"}
        rest=$after
        case ${2:-}$char in
        quoted\\) char='\\\\' ;;
        \\) char='\\' ;;
        'quoted"' | 'quoted$' | 'quoted`') char="\\\\$char" ;;
        quoted%) char=%% ;;
        *'
') char='\n' ;;
        esac
        out=$out$char
    done
    printf '%s' "$out"
)

entry() {
    while IFS= read -r line; do
        case $line in
        "Exec=@command@"*)
            line="Exec=\"$(written "$home/bin/spaceport" quoted)\"${line#Exec=@command@}"
            ;;
        "TryExec=@command@") line="TryExec=$(written "$home/bin/spaceport")" ;;
        esac
        printf '%s\n' "$line"
    done <"$from/share/applications/spaceport.desktop"
}

case ${1:-} in
"" | --uninstall | --purge) ;;
*)
    sed -n 's/^#  *\.\//  .\//p' "$0"
    exit 2
    ;;
esac
if is_open; then
    echo "Spaceport is open. Close it and try again." >&2
    exit 3
fi
if [ -n "${1:-}" ]; then
    remove
    rm -rf "${XDG_CACHE_HOME:-$HOME/.cache}/spaceport"
    if [ "$1" = --purge ]; then
        rm -rf "$data/spaceport" "${XDG_CONFIG_HOME:-$HOME/.config}/spaceport" \
            "${XDG_STATE_HOME:-$HOME/.local/state}/spaceport"
    fi
    echo "Spaceport is removed. Your projects stay where they are."
    exit 0
fi

script=$(readlink -f "$0")
from=${script%/*}
if [ ! -x "$from/spaceport/bin/spaceport" ]; then
    echo "The folder spaceport is missing beside this script. Unpack the archive again." >&2
    exit 1
fi
mkdir -p "$programs" "$data/applications" "$data/mime/packages" "$data/metainfo" "$data/icons"
if [ ! -e "$home" ] && [ ! -L "$home" ] && [ -d "$home.old" ]; then
    # Earlier versions were a folder; a run ended after it had been moved away.
    mv -T "$home.old" "$home"
    if is_own; then point "$home/bin/spaceport" "$command"; fi
fi
case $(readlink "$home" || true) in
*.a) new=$home.b ;;
*) new=$home.a ;;
esac
rm -rf "$new" "$home.new"
trap 'rm -rf "$new"' EXIT
trap 'exit 130' HUP INT TERM
if ! cp -a "$from/spaceport" "$new"; then
    echo "Spaceport could not be copied to $data (about 1.5 GB). Nothing has changed." >&2
    exit 1
fi
cp "$from/install.sh" "$new/install.sh"
# The new one is started before it takes the place of the old one.
if ! "$new/bin/spaceport" --version; then
    echo "Spaceport does not start on this system; it needs glibc 2.35. Nothing has changed." >&2
    exit 1
fi
# After a power cut too, the link leads to files that are whole.
sync -f "$new" 2>/dev/null || sync
trap - EXIT HUP INT TERM
if [ -d "$home" ] && [ ! -L "$home" ]; then
    # A folder cannot become a link in one step: for that moment the command starts the new one.
    if is_own; then point "$new/bin/spaceport" "$command"; fi
    rm -rf "$home.old"
    mv -T "$home" "$home.old"
fi
point "${new##*/}" "$home"
if is_own; then
    point "$home/bin/spaceport" "$command"
    start=$command
else
    echo "$command is another program and stays. Spaceport's own command:" >&2
    start=$home/bin/spaceport
fi
entry >"$data/applications/spaceport.desktop.new"
mv -f "$data/applications/spaceport.desktop.new" "$data/applications/spaceport.desktop"
cp "$from/share/mime/packages/spaceport.xml" "$data/mime/packages/spaceport.xml"
cp "$from/share/metainfo/spaceport.metainfo.xml" "$data/metainfo/spaceport.metainfo.xml"
cp -R "$from/share/icons/." "$data/icons/"
refresh
case $new in *.a) other=$home.b ;; *) other=$home.a ;; esac
rm -rf "$home.old" "$other"
echo "Spaceport is in your menu. In a terminal: $start"
echo "To remove it: $home/install.sh --uninstall"
