"""Reading dropped photos: what they are, where they were taken, which can be used."""
