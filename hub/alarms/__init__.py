"""Alarms at the hub: alerts of stations, and stations that fall silent, escalated until somebody acknowledges."""
