"""``python -m djguide_server.lsp``: the language server on standard input and output."""

from djguide_server.lsp import serve_stdio
from djguide_server.memory import look_rarely
from djguide_server.search_path import leave_current_folder

if __name__ == "__main__":
    leave_current_folder()
    look_rarely()
    serve_stdio()
