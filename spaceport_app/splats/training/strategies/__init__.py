"""Ways to change the set of Gaussians while training: each turns statistics into a change."""
