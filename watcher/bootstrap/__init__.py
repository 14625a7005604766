"""The composition root: settings and bundled data become objects, by plain calls."""
