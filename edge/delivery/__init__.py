"""Messages to people: the protocol of each service, and the wording. Used by stations and the hub."""
