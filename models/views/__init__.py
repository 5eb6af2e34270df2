"""Frozen values that storage returns and that screens and pages show."""
