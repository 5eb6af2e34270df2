"""Programs of the system that some tests need: named with their install line when absent, required where CI is set."""

import os
import shutil

import pytest


def needed(name: str, package: str) -> str:
    """Where the program is."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/lib/systemd:/lib/systemd")
    if found is None:
        missing = f"{name} is missing; install it: apt-get install {package}"
        assert "CI" not in os.environ, missing
        pytest.skip(missing)
    return found
