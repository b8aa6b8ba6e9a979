"""Engines render Gaussians and improve them by gradient steps, each on its own device."""
