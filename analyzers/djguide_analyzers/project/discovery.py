"""Which Django projects a workspace holds, found from its files alone; nothing is run.

A project is found by its ``manage.py``, by another file that names a settings module, by a settings-like
module, or, for a bare set of apps, by packages that import Django. A workspace can hold several projects and
a file can belong to several.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field

from djguide_analyzers.project import evidence, roots
from djguide_analyzers.project.evidence import Mention
from djguide_analyzers.project.files import FileSystem, is_inside, join
from djguide_analyzers.project.walk import Tree, walk

_QUOTED = re.compile(r"""["'](\w+)(?:\.[\w.]+)?["']""")
"""The first part of a text that may be the name of a module."""


class SettingsCandidate(Struct, frozen=True):
    """A module that may be the project's settings.

    Attributes:
        module: Dotted name.
        path: Its file; None when the workspace has none (kept out of version control, or installed).
        reason: Why it was taken, for people.
        named_in: The file that names it, with the zero-based line; None when it is named by configuration.
        line: Line in `named_in`.
        configuration: The class to use when the module is written for django-configurations.
    """

    module: str
    path: str | None
    reason: str
    named_in: str | None = None
    line: int = 0
    configuration: str | None = None


class DiscoveredProject(Struct, frozen=True):
    """One Django project.

    Attributes:
        root: The folder it stands for, absolute.
        source_roots: Folders that imports start from, in the order of ``sys.path``.
        manage: Its ``manage.py``.
        settings_modules: Candidates, best first; those that exist come before those that don't.
        python_files: Its Python files, in order of path.
        template_files: Its template files, in order of path.
        modules: Dotted name of each Python file that a source root holds, by path.
        app_packages: Dotted packages that look like Django apps, whether or not the settings list them.
        reason: How it was found, for people.
    """

    root: str
    source_roots: tuple[str, ...]
    manage: str | None
    settings_modules: tuple[SettingsCandidate, ...]
    python_files: tuple[str, ...]
    template_files: tuple[str, ...]
    modules: dict[str, str]
    app_packages: tuple[str, ...]
    reason: str

    @property
    def settings(self) -> SettingsCandidate | None:
        """The settings module to use."""
        return self.settings_modules[0] if self.settings_modules else None

    def module_of(self, path: str) -> str | None:
        """Dotted name under which the file at `path` is imported; None when it is no file of the project."""
        return self.modules.get(path)


class Discovery(Struct, frozen=True):
    """What a workspace holds. Files outside of every project are in `tree` only."""

    tree: Tree
    projects: tuple[DiscoveredProject, ...]

    def holds_for(self, path: str, text: str | None) -> bool:
        """Whether the file at `path`, which has `text` now, is still taken for what it was: settings, or not.

        False as well for a file that names settings: it has to be looked at anew.
        """
        was = any(path == each.path for project in self.projects for each in project.settings_modules)
        return was == (text is not None and ("INSTALLED_APPS" in text or "SETTINGS_MODULE" in text))


class _Draft(Struct):
    """A project while it is being put together."""

    root: str
    reason: str
    manage: str | None = None
    candidates: list[SettingsCandidate] = field(default_factory=list)
    roots: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)

    def add(self, candidate: SettingsCandidate, root: str | None) -> None:
        if all(known.module != candidate.module for known in self.candidates):
            self.candidates.append(candidate)
        if root is not None and root not in self.roots:
            self.roots.append(root)


def discover(
    files: FileSystem,
    workspace: str,
    *,
    exclude: Iterable[str] = (),
    settings_module: str | None = None,
    source_roots: Sequence[str] = (),
) -> Discovery:
    """The Django projects below the folder `workspace`.

    `exclude` are patterns as in ``.gitignore``; `settings_module` and `source_roots` (relative to the
    workspace) are the configuration's, and come before what is found.
    """
    tree = walk(files, workspace, exclude)
    drafts = _by_manage(files, tree)
    mentions = evidence.find_mentions(files, tree)
    for mention in mentions:
        _attach(files, tree, drafts, mention)
    if not any(_resolved(draft) for draft in drafts):
        _by_contents(files, tree, drafts, mentions)
    for draft in drafts:
        if settings_module is not None:
            _configure(tree, draft, settings_module)
        draft.candidates.sort(key=lambda candidate: candidate.path is None)
        draft.roots = [*(join(workspace, root) for root in source_roots), *draft.roots]
    projects = [_finish(files, tree, draft, drafts) for draft in sorted(drafts, key=lambda d: d.root)]
    return Discovery(tree, tuple(projects))


def _resolved(draft: _Draft) -> bool:
    return any(candidate.path for candidate in draft.candidates)


# --- finding projects ------------------------------------------------------------------------------------


def _by_manage(files: FileSystem, tree: Tree) -> list[_Draft]:
    """One draft per ``manage.py``."""
    drafts: list[_Draft] = []
    for path in tree.configuration:
        if evidence.is_manage(path, files, tree.root):
            folder = posixpath.dirname(path)
            drafts.append(_Draft(folder, f"{_relative(path, tree)} runs Django", path, roots=[folder]))
    return drafts


def _attach(files: FileSystem, tree: Tree, drafts: list[_Draft], mention: Mention) -> None:
    """Give a mention to the project it speaks of, or start a new project with it."""
    folder = posixpath.dirname(mention.path)
    for module in _modules(tree, mention, folder):
        found = roots.find_module(tree, module, folder)
        if found is None and mention.tentative:
            continue
        root, path = found or (None, None)
        draft = _project_of(tree, drafts, mention, root)
        if draft is None:
            if root is None:
                continue  # names a module that isn't here: no reason to believe in a project
            home = posixpath.dirname(root) if posixpath.basename(root) == "src" else root
            draft = _Draft(home, f"{_relative(mention.path, tree)} names the settings module {module}")
            drafts.append(draft)
        if draft.manage == mention.path and root is not None and root != draft.root:
            _widen(draft, root, path)
        draft.scripts.append(mention.path)
        draft.add(_candidate(tree, mention, module, path), root)


def _modules(tree: Tree, mention: Mention, folder: str) -> list[str]:
    """The modules that a mention means; those of the package when the last part is put in at runtime."""
    if not mention.module.endswith(".*"):
        return [mention.module.strip(".")]
    package = mention.module[:-2]
    found = roots.find_module(tree, package, folder)
    if found is None:
        return []
    start = posixpath.dirname(found[1])
    inside = [p for p in tree.python if posixpath.dirname(p) == start and not p.endswith("/__init__.py")]
    inside.sort(key=lambda path: evidence.settings_preference(path, start))
    return [f"{package}.{posixpath.basename(path)[:-3]}" for path in inside]


def _project_of(tree: Tree, drafts: list[_Draft], mention: Mention, root: str | None) -> _Draft | None:
    """The project whose folder holds the mention most closely, if its settings are found from the same root."""
    around = [draft for draft in drafts if is_inside(mention.path, draft.root)]
    if root is not None:
        around = [d for d in around if root in d.roots or is_inside(root, d.root) or d.manage == mention.path]
        around = around or [draft for draft in drafts if root in draft.roots]
        around = around or [draft for draft in drafts if is_inside(root, draft.root) and root != tree.root]
    return max(around, key=lambda draft: len(draft.root), default=None)


def _widen(draft: _Draft, root: str, settings: str | None) -> None:
    """Let a project whose ``manage.py`` lies inside its own packages start where they do.

    Where the settings beside it are named from there, so are the other modules, even if no ``__init__.py`` says so.
    """
    if is_inside(draft.root, root):
        if settings is not None and is_inside(settings, draft.root) and draft.root in draft.roots:
            draft.roots.remove(draft.root)
        draft.root = root


def _candidate(tree: Tree, mention: Mention, module: str, path: str | None) -> SettingsCandidate:
    where = f"named in {_relative(mention.path, tree)}, line {mention.line + 1}"
    reason = where if path else f"{where}, but there is no such module in the workspace"
    return SettingsCandidate(module, path, reason, mention.path, mention.line, mention.configuration)


def _configure(tree: Tree, draft: _Draft, module: str) -> None:
    found = roots.find_module(tree, module, draft.root)
    root, path = found or (None, None)
    if path is None or is_inside(path, draft.root):
        candidate = SettingsCandidate(module, path, "named by the setting `settings-module`")
        draft.candidates = [candidate, *(c for c in draft.candidates if c.module != module)]
        if root is not None and root not in draft.roots:
            draft.roots.append(root)


def _by_contents(files: FileSystem, tree: Tree, drafts: list[_Draft], named: list[Mention]) -> None:
    """For a workspace in which no settings module was found: look into every file.

    `named` are the mentions of modules that aren't there; a sample of one of them is the best candidate.
    """
    contents = evidence.read_contents(files, tree)
    missing = {mention.module for mention in named}
    found = [
        (roots.module_name((roots.package_root(tree, p),), p, tree.python_set) or "", p, n)
        for p, n in contents.settings_like
    ]
    found.sort(key=lambda item: not any(_is_sample(item[0], module) for module in missing))
    for module, path, line in found:
        root = roots.package_root(tree, path)
        reason = f"{_relative(path, tree)} assigns INSTALLED_APPS, line {line + 1}"
        around = [draft for draft in drafts if is_inside(path, draft.root) or root in draft.roots]
        draft = max(around, key=lambda d: len(d.root), default=None)
        if draft is None:
            draft = _Draft(root, reason)
            drafts.append(draft)
        draft.add(SettingsCandidate(module, path, reason, path, line), root)
    for mention in (*contents.mentions, *named):
        _attach(files, tree, drafts, mention)
    if not drafts and contents.django:
        drafts += _bare_packages(tree, contents.django)


def _is_sample(module: str, missing: str) -> bool:
    """Whether `module` is a model to be copied to `missing`: ``settings_example`` for ``settings``."""
    rest = module.removeprefix(missing)
    return rest != module and rest.strip("._") in {"example", "sample", "template", "default", "dist"}


def _bare_packages(tree: Tree, importing: list[str]) -> list[_Draft]:
    """Projects for packages without any settings: one per distribution, or one for the workspace."""
    homes = roots.distributions(tree) or [tree.root]
    result: dict[str, _Draft] = {}
    for path in importing:
        home = max((h for h in homes if is_inside(path, h)), key=len, default=tree.root)
        draft = result.setdefault(home, _Draft(home, f"{_relative(path, tree)} imports Django"))
        root = roots.package_root(tree, path)
        if root not in draft.roots:
            draft.roots.append(root)
    return list(result.values())


# --- finishing one ---------------------------------------------------------------------------------------


def _finish(files: FileSystem, tree: Tree, draft: _Draft, drafts: list[_Draft]) -> DiscoveredProject:
    source_roots = _source_roots(files, tree, draft, drafts)
    inner = [root for root in source_roots if tree.is_package(root) and _names_from(files, tree, draft, root)]
    others = [d.root for d in drafts if d.root != draft.root and not is_inside(draft.root, d.root)]
    areas = [draft.root, *source_roots]

    def belongs(path: str) -> bool:
        return any(is_inside(path, area) for area in areas) and not any(is_inside(path, o) for o in others)

    python = tuple(filter(belongs, tree.python))
    names = {path: roots.module_name(source_roots, path, tree.python_set, inner) for path in python}
    return DiscoveredProject(
        root=draft.root,
        source_roots=source_roots,
        manage=draft.manage,
        settings_modules=tuple(draft.candidates),
        python_files=python,
        template_files=tuple(filter(belongs, tree.templates)),
        modules={path: name for path, name in names.items() if name},
        app_packages=_app_packages(source_roots, python, inner),
        reason=draft.reason,
    )


def _names_from(files: FileSystem, tree: Tree, draft: _Draft, root: str) -> bool:
    """Whether the settings name packages from the source root `root` on, which is a package itself.

    Counted are the texts in quotes, against those that begin with the name of the package.
    """
    package = posixpath.basename(root)
    inside = outside = 0
    for candidate in draft.candidates:
        if candidate.path is None or tree.module_file(root, candidate.module) != candidate.path:
            continue
        folder = posixpath.dirname(candidate.path)
        beside = [p for p in tree.python if posixpath.dirname(p) == folder] if folder != root else []
        for path in {candidate.path, *beside}:
            heads = _QUOTED.findall(files.read_text(path) or "")
            outside += heads.count(package)
            inside += sum(1 for head in heads if head != package and tree.is_package(f"{root}/{head}"))
    return inside > outside


def _source_roots(files: FileSystem, tree: Tree, draft: _Draft, drafts: list[_Draft]) -> tuple[str, ...]:
    found = list(draft.roots)
    looked_into = [c.path for c in draft.candidates if c.path]
    looked_into += [draft.manage] if draft.manage else []
    for path in dict.fromkeys([*looked_into, *draft.scripts]):
        if path.endswith(".py"):
            found += roots.added_roots(files, tree, path, tree.root)
    found += [root for root in roots.test_roots(files, draft.root) if root in tree.folders]
    for folder in reversed(roots.distributions(tree)):
        if is_inside(draft.root, folder) or _is_library(folder, drafts):
            found += roots.import_roots(files, tree, folder)
    if not found:
        found.append(draft.root)
    return tuple(root for root in dict.fromkeys(found) if root in tree.folders)


def _is_library(folder: str, drafts: list[_Draft]) -> bool:
    """Whether a distribution is part of no project, so that any of them may have it installed."""
    return not any(is_inside(folder, draft.root) or is_inside(draft.root, folder) for draft in drafts)


def _app_packages(
    source_roots: tuple[str, ...], python: tuple[str, ...], inner: Sequence[str]
) -> tuple[str, ...]:
    """Packages with models, an app configuration, migrations, template tags or commands."""
    known = frozenset(python)
    found: set[str] = set()
    for path in python:
        folder, name = posixpath.split(path)
        parent, last = posixpath.split(folder)
        if name in {"models.py", "apps.py"}:
            home = folder
        elif (
            name == "__init__.py" and last in {"models", "migrations", "templatetags"}
        ) or f"{last}/{name}" == "management/__init__.py":
            home = parent
        else:
            continue
        if f"{home}/__init__.py" in known and (module := roots.module_name(source_roots, home, known, inner)):
            found.add(module)
    return tuple(sorted(found))


def other_names(project: DiscoveredProject) -> Iterator[tuple[str, str]]:
    """Further names under which files of a project can be imported where source roots lie in each other.

    Pairs of name and path.
    """
    nested = [
        r for r in project.source_roots if any(is_inside(r, o) and r != o for o in project.source_roots)
    ]
    for root in project.source_roots if nested else ():
        for path, usual in project.modules.items():
            name = roots.name_below(root, path)
            if name is not None and name != usual:
                yield name, path


def _relative(path: str, tree: Tree) -> str:
    return path[len(tree.root.rstrip("/")) + 1 :]
