"""Alarms at the hub: what stations raise, and stations that fail to report, until somebody knows about it."""
