"""A project's templates: where they lie, what they extend and include, and the tags and filters they may use."""

from djguide_analyzers.project.templates.libraries import FilterFunction, Library, TagFunction
from djguide_analyzers.project.templates.lookup import Chain, Templates
from djguide_analyzers.project.templates.scope import TagScope
from djguide_analyzers.project.templates.source import TemplateSource

__all__ = ["Chain", "FilterFunction", "Library", "TagFunction", "TagScope", "TemplateSource", "Templates"]
