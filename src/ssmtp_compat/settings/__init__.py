"""Layer 3a: the values that a script has set, and their translation into the engines' own option objects."""
