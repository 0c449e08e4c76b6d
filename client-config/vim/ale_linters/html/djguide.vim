" djguide for ALE: found by its place on the runtime path, and switched on with g:ale_linters.
call djguide#Define('html')
