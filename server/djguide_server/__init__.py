"""djguide's front ends: the language server and the command line. No analysis lives here."""
