"""Stand-ins for AWS that really run: started by the tests, no Docker, no account."""
