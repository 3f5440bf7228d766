"""The alerts that a station raises by itself: rules on closed minutes, and the life cycle of an alert."""
