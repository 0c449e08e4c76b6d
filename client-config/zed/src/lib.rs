use zed_extension_api::{self as zed, settings::LspSettings, Command, LanguageServerId, Result, Worktree};

const NOT_FOUND: &str = "djguide is not on the search path. Install it with \"uv tool install djguide\" or \
                         \"pipx install djguide\", or name it in the setting lsp.djguide.binary.";

struct Djguide;

impl zed::Extension for Djguide {
    fn new() -> Self {
        Self
    }

    fn language_server_command(&mut self, id: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let binary = LspSettings::for_worktree(id.as_ref(), worktree)?.binary;
        let (path, arguments) = binary.map_or((None, None), |binary| (binary.path, binary.arguments));
        Ok(Command {
            command: path.or_else(|| worktree.which("djguide")).ok_or(NOT_FOUND)?,
            args: arguments.unwrap_or_else(|| vec!["server".into(), "--stdio".into()]),
            env: worktree.shell_env(),
        })
    }
}

zed::register_extension!(Djguide);
