"""Real servers and real bytes for the tests."""
