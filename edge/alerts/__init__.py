"""What a station warns of by itself: rules on closed minutes, and the life of an alert."""
