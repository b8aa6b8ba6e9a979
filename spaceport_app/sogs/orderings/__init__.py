"""Orders in which Gaussians are laid out in the textures."""
