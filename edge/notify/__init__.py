"""The station itself notifies people when its hub does not: `cases` decides, `lane` saves and sends, by `child`."""
