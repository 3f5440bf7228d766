"""Bytes in, readings out: buses, devices, cameras and their twins. Imports none of the other packages."""
