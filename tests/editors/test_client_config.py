"""What the editors' configurations promise and no editor is needed to see."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "client-config" / "vscode"


def manifest() -> dict[str, Any]:
    return json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))


def test_the_extension_has_the_version_and_the_licence_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert manifest()["version"] == project["version"]
    assert (EXTENSION / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_build_dependencies_are_pinned_and_not_tied_to_a_registry() -> None:
    declared = manifest()["devDependencies"]
    assert [version for version in declared.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    lock = json.loads((EXTENSION / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert lock["packages"][""]["devDependencies"] == declared
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def settings() -> dict[str, Any]:
    return manifest()["contributes"]["configuration"]["properties"]


OWN = [
    "djguide.path",
    "djguide.interpreter",
    "djguide.rule-folders",
    "djguide.code-lens",
    "djguide.trace.server",
]


def test_there_is_a_setting_for_every_key_of_the_configuration() -> None:
    schema = json.loads((ROOT / "docs" / "djguide.schema.json").read_text(encoding="utf-8"))["properties"]
    expected = {f"djguide.{key}": as_setting(value) for key, value in schema.items()}
    assert {name: setting for name, setting in settings().items() if name not in OWN} == expected
    # Those that the extension does not pass on to the server; see src/settings.ts.
    (listed,) = re.findall(r"^const own = \[(.*)\];", read("src/settings.ts"), re.MULTILINE)
    assert [f"djguide.{key}" for key in re.findall(r"'(.*?)'", listed)] == OWN


def as_setting(key: dict[str, Any]) -> dict[str, Any]:
    """A key of the JSON Schema as VS Code's settings editor wants it: it needs the type of every enumeration."""
    values = key.get("additionalProperties", {})
    return (
        {name: value for name, value in key.items() if name not in ("description", "examples")}
        | ({"type": "string"} if "enum" in key else {})
        | ({"additionalProperties": {"type": "string"} | values} if "enum" in values else {})
        | {"scope": "window", "markdownDescription": key["description"]}
    )


def test_settings_that_decide_what_is_run_are_not_the_workspaces() -> None:
    scopes = {name: setting["scope"] for name, setting in settings().items() if setting["scope"] != "window"}
    # Rules are code: not even a trusted folder has a say in which are run.
    assert scopes == {
        "djguide.path": "machine-overridable",
        "djguide.interpreter": "machine-overridable",
        "djguide.rule-folders": "machine",
    }
    trust = manifest()["capabilities"]["untrustedWorkspaces"]
    assert trust["supported"] == "limited"
    assert trust["restrictedConfigurations"] == list(scopes)


def test_the_manifest_names_what_there_is() -> None:
    contributes = manifest()["contributes"]
    sources = "".join(file.read_text(encoding="utf-8") for file in sorted((EXTENSION / "src").glob("*.ts")))
    commands = [command["command"] for command in contributes["commands"]]
    assert commands == re.findall(r"registerCommand\('(.*?)'", sources)
    (walkthrough,) = contributes["walkthroughs"]
    links = re.findall(r"\(command:([\w.]+)", json.dumps(walkthrough))
    assert [link for link in links if link not in [*commands, "workbench.action.openSettings"]] == []
    files = [step["media"].get("markdown") or step["media"]["image"] for step in walkthrough["steps"]]
    files += [manifest()["icon"], *(entry["url"] for entry in contributes["tomlValidation"])]
    built = read("build.mjs")
    for file in files:
        path = PurePosixPath(file)
        assert path.name in built if path.parts[0] == "dist" else (EXTENSION / path).is_file(), file


def read(name: str) -> str:
    return (EXTENSION / name).read_text(encoding="utf-8")


SERVER = ["djguide", "server", "--stdio"]


def configured(path: str) -> dict[str, Any]:
    file = ROOT / "client-config" / path
    text = file.read_text(encoding="utf-8")
    return tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)


def test_helix() -> None:
    languages = configured("helix/languages.toml")
    server = languages["language-server"]["djguide"]
    assert [server["command"], *server["args"]] == SERVER
    assert {language["name"]: language["language-servers"][0] for language in languages["language"]} == {
        "python": "djguide",
        "html": "djguide",
    }


def test_zed() -> None:
    extension = configured("zed/extension.toml")
    assert extension["language_servers"]["djguide"]["languages"] == list(
        configured("zed/settings.json")["languages"]
    )
    assert extension["version"] == configured("zed/Cargo.toml")["package"]["version"] == manifest()["version"]
    source = (ROOT / "client-config" / "zed" / "src" / "lib.rs").read_text(encoding="utf-8")
    assert [word for word in SERVER if f'"{word}"' not in source] == []
    assert configured("zed/settings.json")["lsp"]["djguide"]["binary"]["arguments"] == SERVER[1:]


def test_sublime_and_kate() -> None:
    assert configured("sublime/LSP.sublime-settings")["clients"]["djguide"]["command"] == SERVER
    assert configured("kate/settings.json")["servers"]["python"]["command"] == SERVER


def test_coc() -> None:
    readme = (ROOT / "client-config" / "vim" / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", readme, re.DOTALL)
    server = json.loads(block)["languageserver"]["djguide"]
    assert [server["command"], *server["args"]] == SERVER


def test_every_configuration_is_linked_and_says_where_rules_are_chosen() -> None:
    overview = (ROOT / "README.md").read_text(encoding="utf-8")
    for readme in sorted((ROOT / "client-config").glob("*/README.md")):
        assert f"client-config/{readme.parent.name}/README.md" in overview, readme
        assert "[tool.djguide]" in readme.read_text(encoding="utf-8"), readme
