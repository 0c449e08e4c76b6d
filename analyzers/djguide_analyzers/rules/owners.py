"""Which column of a model says whose row it is."""

from __future__ import annotations

from djguide_analyzers.project.graph import Field, Model
from djguide_analyzers.project.project import Project

OWNER_NAMES = frozenset(
    {
        "owner", "user", "author", "creator", "created_by", "creator_user", "added_by", "submitted_by",
        "submitter", "uploaded_by", "uploader", "posted_by", "account_owner", "customer", "requester",
    }
)  # fmt: skip


def is_owner(project: Project, field: Field) -> bool:
    """Whether a field points to the user a row belongs to. Recipients, assignees and editors are others."""
    certain = field.is_forward_one and field.sure("target")
    return certain and field.target == project.graph.auth_user and field.name in OWNER_NAMES


def owner_of(project: Project, model: Model) -> Field | None:
    """The field that says which user a row belongs to; None when there is none, or more than one."""
    if project.graph.auth_user == model.label:
        return None
    found = [field for field in model.fields.values() if is_owner(project, field)]
    return found[0] if len(found) == 1 else None
