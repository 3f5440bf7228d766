"""Devices: one module per device family, each with a DriverInfo named INFO."""
