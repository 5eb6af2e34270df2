"""Views and notices in, messages out."""
