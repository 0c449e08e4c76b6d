"""``python -m sketching.runtime.project SPEC FOLDER``: writes a project that uses each class of a package once.

It derives a model from each abstract and each concrete model of the package, points a foreign key at each concrete
one, and gives a model a field of each field class; what the package refuses is left out.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import io
import json
import sys
import warnings
from pathlib import Path
from typing import Any

from sketching.runtime.__main__ import argument, configure, import_all

_HEAD = "from django.db import models\n"


def statements(package: Any, minimal: dict[str, dict[str, Any]]) -> list[str]:
    """Class statements that may work, imports included."""
    from django.db import models

    from sketching.runtime.fields import made

    rows: list[str] = []
    for number, (cls, kind) in enumerate(package.chosen.items(), 1):
        if cls.__name__.startswith("_") or cls.__module__ not in package.modules:
            continue
        imported = f"from {cls.__module__} import {cls.__name__} as C{number}\n"
        if kind == "model" and issubclass(cls, models.Model):
            opts = cls._meta
            rows.append(f"{imported}class Derived{number}(C{number}):\n    own = models.IntegerField()\n")
            if not opts.abstract and not opts.swapped:
                to = f'models.ForeignKey("{opts.label}", models.CASCADE)'
                rows.append(f"class Pointing{number}(models.Model):\n    to = {to}\n")
        elif kind == "field" and (found := made(cls, minimal.get(f"{cls.__module__}.{cls.__qualname__}"))):
            given = ", ".join(f"{name}={_written(value)}" for name, value in found[1].items())
            rows.append(
                f"{imported}class Holding{number}(models.Model):\n    name = models.CharField(max_length=9)\n"
                f"    held = C{number}({given})\n"
            )
    return rows


def _written(value: Any) -> str:
    from django.db import models

    if isinstance(value, models.Field):
        return f"models.{type(value).__name__}()"
    if callable(value):
        return f"models.{value.__name__}"
    return repr(value)


def _is_literal(value: Any) -> bool:
    """Whether the value can be written down; what a package's own settings compute may not be."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def working(rows: list[str]) -> str:
    """The statements that can be executed one after the other."""
    space: dict[str, Any] = {"__name__": "scratch.models"}
    exec(_HEAD, space)
    kept = [_HEAD]
    for row in rows:
        try:
            exec(row, space)
        except Exception:  # the package refuses this use
            continue
        kept.append(row)
    return "\n\n".join(kept)


def main() -> None:
    spec = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    folder = Path(sys.argv[2])
    warnings.simplefilter("ignore")
    app = folder / "scratch"
    app.mkdir()
    (app / "__init__.py").write_text("")
    (app / "models.py").write_text("")
    sys.path.insert(0, str(folder))
    spec["apps"] = [*spec["apps"], "scratch"]
    with contextlib.redirect_stdout(io.StringIO()):
        values = configure(spec)
        import_all(spec["imports"])
        from sketching.runtime.classes import Package

        minimal = {
            name: {k: argument(v) for k, v in row.items()} for name, row in spec.get("minimal", {}).items()
        }
        package = Package(spec["imports"], set(), minimal)
        text = working([*statements(package, minimal), *spec.get("scratch", ())])
    (app / "models.py").write_text(text, "utf-8")
    for name, content in spec.get("files", {}).items():
        (app / name).write_text(content, "utf-8")
    lines = "".join(f"{name} = {value!r}\n" for name, value in values.items() if _is_literal(value))
    (folder / "scratch_settings.py").write_text(lines, "utf-8")
    (folder / "scratch_urls.py").write_text("urlpatterns = []\n")
    manage = 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "scratch_settings")\n'
    (folder / "manage.py").write_text(manage)
    version = importlib.metadata.version(spec["distribution"])
    (folder / "requirements.txt").write_text(f"{spec['distribution']}=={version}\n")


if __name__ == "__main__":
    main()
