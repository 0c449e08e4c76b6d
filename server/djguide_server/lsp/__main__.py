"""``python -m djguide_server.lsp``: the language server on standard input and output."""

from djguide_server.lsp import serve_stdio
from djguide_server.search_path import leave_current_folder

if __name__ == "__main__":
    leave_current_folder()
    serve_stdio()
