"""``python -m djguide_server.lsp``: the language server on standard input and output."""

from djguide_server.lsp import serve_stdio

if __name__ == "__main__":
    serve_stdio()
