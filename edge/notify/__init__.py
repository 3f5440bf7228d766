"""The station tells people itself where its hub does not: `cases` decides, `lane` keeps and asks, `child` sends."""
