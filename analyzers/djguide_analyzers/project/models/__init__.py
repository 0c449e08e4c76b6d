"""The model graph, built from facts."""

from djguide_analyzers.project.models.builder import build_graph
from djguide_analyzers.project.models.export import models_document
from djguide_analyzers.project.models.inputs import NOT_SET, UNKNOWN, AppEntry, Doubt, ProjectSettings

__all__ = ["NOT_SET", "UNKNOWN", "AppEntry", "Doubt", "ProjectSettings", "build_graph", "models_document"]
