"""The command line: one module per command (`commands`) and per output format of ``check`` (`formats`).

Start-up time is part of the interface: rich, pygls and the analysis are imported where they are used, never
at the top of a module here.
"""
