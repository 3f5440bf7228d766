"""Messages to people: how each service is spoken to, and in which words. Stations and the hub use it."""
