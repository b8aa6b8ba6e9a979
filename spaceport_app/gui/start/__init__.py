"""The page that one meets first: drop area and recent projects."""
