"""Puts this folder on the import path, for `from needs import need`."""

import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the commands do, before anything imports torch
sys.path.insert(0, str(Path(__file__).parent))
