"""The installers for Linux: a .deb for Debian and Ubuntu, and an archive for all others."""
