"""What was done, in words, tables and pictures: a tab, and one HTML file."""
