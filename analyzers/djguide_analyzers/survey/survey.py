"""Everything that somebody who takes a project over wants to know first."""

from __future__ import annotations

from collections.abc import Callable

from djguide_analyzers.project.project import Project
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.survey.components import components_of
from djguide_analyzers.survey.features import features_of
from djguide_analyzers.survey.values import Survey
from djguide_analyzers.survey.views import Step, views_of


def survey(
    project: Project, file: Callable[[str], FileContext | None], step: Step = lambda done, total: None
) -> Survey:
    """Survey `project`, test code and migrations left out; `file` gives the context of a module, by path."""
    contexts = (file(path) for path, module in project.modules.items() if ".migrations." not in module.name)
    files = [context for context in contexts if context is not None and not context.is_test]
    components = sorted(components_of(files), key=lambda found: (found.kind, found.app, found.name))
    return Survey(project.root, components, features_of(files), views_of(files, step))
