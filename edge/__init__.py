"""The station: it measures, checks, keeps and sends. Start reading at `edge/station.py`."""
