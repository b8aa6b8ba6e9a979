"""The same stages on AWS: what both sides agree on; `client` is the desktop, `backend` what is deployed."""
