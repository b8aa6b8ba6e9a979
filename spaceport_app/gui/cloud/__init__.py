"""Handing a project over to AWS from the window: connection, offer, jobs."""
