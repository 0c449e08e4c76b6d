" What the linters of djguide for ALE have in common.

call ale#Set('djguide_executable', 'djguide')

function! djguide#Define(filetype) abort
    call ale#linter#Define(a:filetype, {
    \   'name': 'djguide',
    \   'lsp': 'stdio',
    \   'executable': {buffer -> ale#Var(buffer, 'djguide_executable')},
    \   'command': '%e server --stdio',
    \   'project_root': function('djguide#ProjectRoot'),
    \})
endfunction

" The folder of the Django project, else of whatever else marks one; empty for a file on its own, which is left alone.
function! djguide#ProjectRoot(buffer) abort
    for l:mark in ['manage.py', 'djguide.toml', 'pyproject.toml', 'setup.py']
        let l:file = ale#path#FindNearestFile(a:buffer, l:mark)

        if !empty(l:file)
            return fnamemodify(l:file, ':p:h')
        endif
    endfor

    let l:repository = ale#path#FindNearestDirectory(a:buffer, '.git')

    return !empty(l:repository) ? fnamemodify(l:repository, ':p:h:h') : ''
endfunction
