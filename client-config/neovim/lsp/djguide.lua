---@brief
--- djguide reads Django code like a senior reviewer: queries, transactions and models, with the evidence and fixes
--- that work. It needs `djguide` on the search path; see the README beside this folder for other ways to start it.
---@type vim.lsp.Config
return {
  cmd = { 'djguide', 'server', '--stdio' },
  filetypes = { 'python', 'htmldjango' },
  -- In order of preference: a Django project's own mark wins over the repository that holds it.
  root_markers = { 'manage.py', 'djguide.toml', 'pyproject.toml', 'setup.py', '.git' },
}
