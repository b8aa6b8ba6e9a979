"""The compressed bundle that web viewers open: SOGS version 1 and SOG version 2."""
