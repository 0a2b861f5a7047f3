"""Layer 2: octet streams over TCP, under deadlines, interruption and pacing. Standard library only."""
