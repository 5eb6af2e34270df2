"""What the service costs, beside what one would use instead, measured in one run (`python -m benchmarks`)."""
