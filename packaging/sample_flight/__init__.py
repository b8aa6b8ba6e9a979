"""The sample flight: a procedural hamlet, a camera path over it, and photos with metadata."""
