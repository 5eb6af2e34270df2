"""Scheduled work: sweep, reminders, retention."""
