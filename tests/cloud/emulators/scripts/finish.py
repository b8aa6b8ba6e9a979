"""A container that ends well at once, having found all its inputs."""
