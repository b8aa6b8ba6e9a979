"""Structure from motion: where the cameras stood, in metres, and views to train on."""
