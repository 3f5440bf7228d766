"""Devices: one module a device family, each with a DriverInfo named INFO."""
