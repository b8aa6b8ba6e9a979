"""The splat view: Gaussians drawn with OpenGL, flown through, and compared with photos."""
