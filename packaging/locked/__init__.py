"""What is fetched from PyPI for development, releases and the worker, each file by SHA-256."""
