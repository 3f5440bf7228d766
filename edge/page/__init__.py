"""The page for people, on two hosts: a station's own (`server.py`), and a hub's, which shows the same of many."""
