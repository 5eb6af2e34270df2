"""A drawing process that meets a PDF which takes all the memory it can get."""

import resource
import sys

from storage.pdf_drawing import MEMORY

resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
sys.stdin.buffer.read()
held = bytearray(MEMORY)
