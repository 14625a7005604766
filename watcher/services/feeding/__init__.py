"""Names learned from feeds: fetched, compared with last time, matched, handed to the watch."""
