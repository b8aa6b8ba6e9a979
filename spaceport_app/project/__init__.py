"""One folder on disk a project: settings, photo list, stage records, locking."""
