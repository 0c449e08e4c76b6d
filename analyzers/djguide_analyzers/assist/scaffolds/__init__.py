"""Code made for a model that needs no finding: where the project keeps such code, and in its style."""
