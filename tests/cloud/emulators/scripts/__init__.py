"""What runs in a container that is none of ours."""
