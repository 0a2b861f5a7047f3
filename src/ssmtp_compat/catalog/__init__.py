"""Layer 0: the documented interface as tables. Pure data; imports nothing of ours."""
