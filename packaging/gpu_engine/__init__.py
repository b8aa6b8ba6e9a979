"""The table of GPU engines that Spaceport ships, and how it is made."""
