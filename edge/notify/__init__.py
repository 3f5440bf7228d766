"""The station itself notifies people when its hub does not: `cases` decides, `lane` keeps and asks, `child` sends."""
