"""Alarms at the hub: what stations raise and what they fail to say, until somebody knows of it."""
