"""No test of this folder may leave a descriptor open."""

import gc
from pathlib import Path

import pytest

_DESCRIPTORS = Path("/proc/self/fd")


@pytest.fixture(autouse=True)
def _no_descriptor_leaks():
    if not _DESCRIPTORS.is_dir():
        yield
        return
    gc.collect()
    before = len(list(_DESCRIPTORS.iterdir()))
    yield
    assert len(list(_DESCRIPTORS.iterdir())) == before
