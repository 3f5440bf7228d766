"""The station: it measures, checks, stores and sends. Start reading at `edge/station.py`."""
