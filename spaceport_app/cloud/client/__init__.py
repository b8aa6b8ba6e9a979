"""The desktop side of a job on AWS."""
