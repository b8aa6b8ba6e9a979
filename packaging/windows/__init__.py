"""The installer for Windows: an interpreter, the locked wheels and Spaceport in one Setup.exe."""
