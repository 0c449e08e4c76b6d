"""The part that runs inside a package's own environment. It needs nothing but Django and the package."""
