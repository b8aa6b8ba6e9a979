#!/bin/sh
# Installs Spaceport for you alone; no administrator is needed. What was installed before is replaced.
#
#   ./install.sh               installs into ~/.local
#   ./install.sh --uninstall   removes it; projects, settings and engines stay
#   ./install.sh --purge       removes settings and engines too; projects stay
set -eu

data=${XDG_DATA_HOME:-$HOME/.local/share}
programs=$HOME/.local/bin
home=$data/spaceport-app
icons="scalable/apps/spaceport.svg 16x16/apps/spaceport.png 24x24/apps/spaceport.png
32x32/apps/spaceport.png 48x48/apps/spaceport.png 64x64/apps/spaceport.png
128x128/apps/spaceport.png 256x256/apps/spaceport.png"

refresh() {
    # Those of a desktop that has them; a desktop without finds the files by itself.
    for one in "update-desktop-database $data/applications" "update-mime-database $data/mime"; do
        # shellcheck disable=SC2086  # two words on purpose
        if command -v "${one%% *}" >/dev/null 2>&1; then
            "${one%% *}" "${one#* }" >/dev/null 2>&1 || true
        fi
    done
}

remove() {
    rm -rf "$home" "$home.new" "$home.old"
    [ "$(readlink "$programs/spaceport" 2>/dev/null)" != "$home/bin/spaceport" ] ||
        rm -f "$programs/spaceport"
    rm -f "$data/applications/spaceport.desktop" "$data/mime/packages/spaceport.xml" \
        "$data/metainfo/spaceport.metainfo.xml"
    for icon in $icons; do rm -f "$data/icons/hicolor/$icon"; done
    refresh
}

is_open() {
    for one in /proc/[0-9]*/exe; do
        [ "$(readlink "$one" 2>/dev/null)" != "$home/runtime/bin/python3.11" ] || return 0
    done
    return 1
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

from=$(dirname "$(readlink -f "$0")")
if [ ! -x "$from/spaceport/bin/spaceport" ]; then
    echo "The folder spaceport is missing beside this script. Unpack the archive again." >&2
    exit 1
fi
mkdir -p "$programs" "$data/applications" "$data/mime/packages" "$data/metainfo"
rm -rf "$home.new" "$home.old"
trap 'rm -rf "$home.new"' EXIT
if ! cp -a "$from/spaceport" "$home.new"; then
    echo "Spaceport could not be copied to $data (about 1.5 GB). Nothing has changed." >&2
    exit 1
fi
cp "$from/install.sh" "$home.new/install.sh"
# The new one is started before it takes the place of the old one.
if ! "$home.new/bin/spaceport" --version; then
    echo "Spaceport does not start on this system; it needs glibc 2.35. Nothing has changed." >&2
    exit 1
fi
[ ! -e "$home" ] || mv "$home" "$home.old"
mv "$home.new" "$home"
rm -rf "$home.old"
ln -sf "$home/bin/spaceport" "$programs/spaceport"
sed "s|@command@ open|\"$home/bin/spaceport\" open|; s|@command@|$home/bin/spaceport|" \
    "$from/share/applications/spaceport.desktop" >"$data/applications/spaceport.desktop"
cp "$from/share/mime/packages/spaceport.xml" "$data/mime/packages/spaceport.xml"
cp "$from/share/metainfo/spaceport.metainfo.xml" "$data/metainfo/spaceport.metainfo.xml"
for icon in $icons; do
    mkdir -p "$data/icons/hicolor/${icon%/*}"
    cp "$from/share/icons/hicolor/$icon" "$data/icons/hicolor/$icon"
done
refresh
echo "Spaceport is in your menu. In a terminal: $programs/spaceport"
echo "To remove it: $home/install.sh --uninstall"
