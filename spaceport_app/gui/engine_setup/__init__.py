"""Setting the GPU engine up in the window."""
