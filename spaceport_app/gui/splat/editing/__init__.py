"""Crop box and floaters in the splat view."""
