-- Run in a real Neovim after its configuration: in each step of the plan open a file, apply a code action as a user does,
-- save, and take it back; then stop the server, or just quit.
-- Reads the plan (JSON) from the file named by DJGUIDE_PLAN and writes what it saw to the one named by DJGUIDE_REPORT.
-- Lines and columns are 0-based, columns in bytes.
local plan = vim.json.decode(table.concat(vim.fn.readfile(vim.env.DJGUIDE_PLAN), '\n'))
local report = { steps = {} }

local function wait(what, condition)
  if not vim.wait(60000, condition, 20) then
    error('timed out waiting for ' .. what, 0)
  end
end

local function in_order(list)
  table.sort(list, function(a, b)
    for i = 1, #a do
      if a[i] ~= b[i] then
        return a[i] < b[i]
      end
    end
    return false
  end)
  return list
end

local function ranges()
  return in_order(vim.tbl_map(function(d)
    return { tostring(d.code), d.lnum, d.col, d.end_lnum, d.end_col }
  end, vim.diagnostic.get(0)))
end

local function lines()
  return in_order(vim.tbl_map(function(d)
    return { tostring(d.code), d.lnum }
  end, vim.diagnostic.get(0)))
end

-- What is there when the time is up is reported as well: the test compares, and shows the difference.
local function shown(expected)
  vim.wait(60000, function()
    return vim.deep_equal(lines(), expected)
  end, 20)
  return { lines = lines(), ranges = ranges() }
end

local function apply_code_action(step, seen)
  vim.api.nvim_win_set_cursor(0, { step.line + 1, step.column })
  local before = vim.b.changedtick
  vim.ui.select = function(items, options, choose)
    seen.menu = vim.tbl_map(options.format_item, items)
    for index, item in ipairs(items) do
      if item.action.title == step.title then
        return choose(item, index)
      end
    end
    choose(nil)
  end
  vim.lsp.buf.code_action()
  wait('the menu of code actions', function()
    return seen.menu
  end)
  wait('the edit', function()
    -- A file that is not open is opened to be changed.
    return vim.b.changedtick ~= before or step.cause and vim.fn.bufloaded(step.cause) == 1
  end)
end

local function text_of(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, true), '\n') .. '\n'
end

-- A fix that changes another file than the one it is offered in.
local function take_far(step, seen)
  apply_code_action(step, seen)
  seen.text = text_of(vim.fn.bufnr(step.cause))
  vim.cmd.bdelete({ vim.fn.bufnr(step.cause), bang = true })
end

-- A fault is typed at the end of the file and repaired, by a code action or by saving.
local function take_typed(step, seen)
  local earlier = vim.api.nvim_buf_line_count(0)
  vim.cmd.normal({ 'G', bang = true })
  vim.api.nvim_feedkeys('o' .. step.type .. vim.keycode('<Esc>'), 'ntx', false)
  wait('the fault', function()
    seen.found = vim.iter(vim.diagnostic.get(0)):find(function(d)
      return d.code == step.code and d.lnum >= earlier
    end)
    return seen.found
  end)
  seen.found = { seen.found.lnum, seen.found.col }
  if step.title then
    step.line, step.column = unpack(seen.found)
    apply_code_action(step, seen)
    seen.text = text_of(0)
    vim.cmd.undo()
    vim.cmd.undo()
    vim.cmd.write()
  else
    vim.cmd.write()
    seen.text = text_of(0)
  end
  seen.saved = table.concat(vim.fn.readfile(step.file, 'b'), '\n')
end

local function take(step)
  local seen = {}
  table.insert(report.steps, seen)
  vim.cmd.edit(vim.fn.fnameescape(step.file))
  seen.before = shown(step.before)
  if step.cause then
    return take_far(step, seen)
  elseif step.type then
    return take_typed(step, seen)
  end
  if step.title then
    apply_code_action(step, seen)
    seen.after = shown(step.after)
    vim.cmd.write()
    seen.saved = table.concat(vim.fn.readfile(step.file, 'b'), '\n')
    vim.cmd.undo()
    vim.cmd.write()
  end
end

local function main()
  local exit_code
  vim.lsp.config('djguide', {
    on_exit = function(code)
      exit_code = code
    end,
  })
  for _, step in ipairs(plan.steps) do
    take(step)
  end
  local client = assert(vim.lsp.get_clients({ bufnr = 0, name = 'djguide' })[1], 'djguide is not attached')
  report.root = client.root_dir
  if plan.stop then
    client:stop()
    wait('the server to end', function()
      return exit_code
    end)
    report.exit_code = exit_code
  end
end

local ok, problem = pcall(main)
if not ok then
  report.error = tostring(problem)
end
vim.fn.writefile({ vim.json.encode(report) }, vim.env.DJGUIDE_REPORT)
vim.cmd('qall!')
