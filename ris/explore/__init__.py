"""What people do with a collection: search it, see it on a map, judge it."""
