"""Health of the watch itself: pulse, vigil, wellness, coverage."""
