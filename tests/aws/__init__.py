"""The functions of AWS, run for real on this machine: see `cloud.py`."""
