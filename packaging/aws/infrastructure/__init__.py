"""What is deployed on AWS: one construct a file, put together in `stack`."""
