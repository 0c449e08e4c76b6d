---@brief
--- djguide reads Django code like a senior reviewer: queries, transactions and models, with the evidence and fixes
--- that work. It needs `djguide` on the search path; see the README beside this folder for other ways to start it.
---@type vim.lsp.Config
return {
  cmd = { 'djguide', 'server', '--stdio' },
  filetypes = { 'python', 'htmldjango' },
  before_init = function(params)
    -- Neovim 0.11 asks for diagnostics when a file changes and cannot be told to ask again, which djguide does when
    -- another file turned out to matter. A client that does not ask gets them sent.
    if not vim.tbl_get(params.capabilities, 'workspace', 'diagnostics', 'refreshSupport') then
      params.capabilities = vim.deepcopy(params.capabilities)
      params.capabilities.textDocument.diagnostic = nil
    end
  end,
  -- In order of preference: a Django project's own mark wins over the repository that holds it.
  root_markers = { 'manage.py', 'djguide.toml', 'pyproject.toml', 'setup.py', '.git' },
}
