"""3D Gaussians: their file, their rendering, their training and their quality."""
