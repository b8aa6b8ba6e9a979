"""The stage panel: choosing what to do, watching it work, stopping and going on."""
