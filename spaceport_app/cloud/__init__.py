"""The same stages on AWS: `client` is the desktop, `backend` what is deployed."""
