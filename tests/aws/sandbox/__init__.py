"""What is laid beside the runtime interface client; see `sandbox.py`."""
