"""The web page, on two hosts: a station's own (`server.py`), and a hub's, which shows the same for many stations."""
