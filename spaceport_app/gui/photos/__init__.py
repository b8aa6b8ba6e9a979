"""The photo panel: every photo with its thumbnail and what there is to say about it."""
