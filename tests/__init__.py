"""Tests by kind: unit, contract, sim, system, hil; the house rules are in test_house.py."""
