"""What runs on AWS: the API in Lambda, the state machine and the worker in its container."""
