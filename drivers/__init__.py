"""Bytes in, readings out: buses, devices, cameras and their twins. Imports nothing of the other rooms."""
