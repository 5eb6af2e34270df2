"""Folders that go with the process."""

import atexit
import shutil
import tempfile
from pathlib import Path


def scratch(prefix: str) -> Path:
    """An empty folder of its own; it is taken away when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
