"""Everything in djguide that knows Django, usable as a library.

The package has no global state, reads files only through one file-system object, and knows no editor,
terminal or protocol. Layers, each importing only what stands to its right::

    engine > rules > trace > project > facts > source
"""

__version__ = "0.1.0"
