"""Middleware stands in an order in which it cannot work."""

from __future__ import annotations

from collections.abc import Iterator

from djguide_analyzers.facts import ir
from djguide_analyzers.project.modules import Code
from djguide_analyzers.rules.base import Hit, Rule
from djguide_analyzers.rules.context import FileContext
from djguide_analyzers.rules.edits import replace
from djguide_analyzers.rules.finding import Fix, Related, Safety, Severity
from djguide_analyzers.rules.setting_files import assignments, is_settings_file
from djguide_analyzers.source.positions import Range

RULE = Rule(
    summary="One middleware stands in front of another that it needs",
    severity=Severity.WARNING,
    safety=Safety.SAFE,
)

_SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
_AUTH = "django.contrib.auth.middleware.AuthenticationMiddleware"
_SECURITY = "django.middleware.security.SecurityMiddleware"
_COMMON = "django.middleware.common.CommonMiddleware"
_LOCALE = "django.middleware.locale.LocaleMiddleware"
_UPDATE = "django.middleware.cache.UpdateCacheMiddleware"
_FETCH = "django.middleware.cache.FetchFromCacheMiddleware"
_PAIRS = (
    (_SESSION, _AUTH, "takes the user from the session"),
    (_SESSION, "django.contrib.messages.middleware.MessageMiddleware", "may keep messages in the session"),
    (_AUTH, "django.contrib.auth.middleware.LoginRequiredMiddleware", "asks who is logged in"),
    (_AUTH, "django.contrib.auth.middleware.RemoteUserMiddleware", "looks at the user"),
    (_LOCALE, _COMMON, "redirects to an address that depends on the language"),
    (_UPDATE, _FETCH, "looks at the answer from the cache first"),
    (_UPDATE, _SESSION, "adds to `Vary`, which the cache must see"),
    (_UPDATE, _LOCALE, "adds to `Vary`, which the cache must see"),
    (_UPDATE, "django.middleware.gzip.GZipMiddleware", "adds to `Vary`, which the cache must see"),
    (_SECURITY, "whitenoise.middleware.WhiteNoiseMiddleware", "answers requests for files by itself"),
    (
        "corsheaders.middleware.CorsMiddleware",
        _COMMON,
        "may answer with a redirect, which has no CORS headers then",
    ),
    (_AUTH, "django_otp.middleware.OTPMiddleware", "looks at the user"),
)
"""Which one has to come first, before which one, and what the latter does that needs it."""
_DOCUMENTED = (
    _SECURITY, _UPDATE, "django.middleware.gzip.GZipMiddleware", _SESSION,
    "django.middleware.http.ConditionalGetMiddleware", _LOCALE, _COMMON,
    "django.middleware.csrf.CsrfViewMiddleware",
    _AUTH, "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware", _FETCH,
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
)  # fmt: skip
"""The order that Django's documentation recommends: no fix may depart from it further."""


def check(file: FileContext) -> Iterator[Hit]:
    if not is_settings_file(file):
        return
    for assignment in assignments(file, "MIDDLEWARE"):
        value = assignment.value
        if not isinstance(value, ir.Display):
            continue
        names = [item.value if isinstance(item, ir.Const) else None for item in value.items]
        for first, second, why in _PAIRS:
            if first in names and second in names and names.index(first) > names.index(second):
                yield _hit(file, assignment.code, value, (names.index(first), names.index(second)), why)


def _hit(file: FileContext, code: Code, value: ir.Display, places: tuple[int, int], why: str) -> Hit:
    late, early = value.items[places[0]], value.items[places[1]]
    names = [str(item.value).rpartition(".")[2] for item in (late, early) if isinstance(item, ir.Const)]
    return Hit(
        file.place(code, early),
        f"`{names[1]}` {why}: `{names[0]}` has to come before it",
        related=(Related(f"`{names[0]}` stands here", file.place(code, late)),),
        fixes=(_fix(file, code, value, places),),
    )


def _fix(file: FileContext, code: Code, value: ir.Display, places: tuple[int, int]) -> Fix:
    """Move the one that is late to just before the other, or the other behind it, or sort all between them."""
    late, early = places
    items = value.items[early : late + 1]
    stretch = Range(code.range(items[0]).start, code.range(items[-1]).end)
    orders = {
        "Put it in front": [items[-1], *items[:-1]],
        "Put it behind": [*items[1:], items[0]],
        "Follow the documented order": _sorted(items),
    }
    title = next((title for title, order in orders.items() if _displaced(order) < _displaced(items)), None)
    if title is None or "#" in file.slice(stretch) or any(isinstance(item, ir.Star) for item in items):
        return Fix(title or "Put it in front", Safety.MANUAL)
    edits = tuple(
        replace(file, code.range(item), file.text(code, other))
        for item, other in zip(items, orders[title], strict=True)
        if item is not other
    )
    return Fix(title, Safety.SAFE, edits)


def _sorted(items: list[ir.Expr]) -> list[ir.Expr]:
    """`items` with those of the documentation in its order; the others keep their places."""
    known = [item for item in items if _documented(item) is not None]
    known.sort(key=lambda item: _documented(item) or 0)
    ordered = iter(known)
    return [item if _documented(item) is None else next(ordered) for item in items]


def _documented(item: ir.Expr) -> int | None:
    """Where the documentation has a middleware."""
    name = item.value if isinstance(item, ir.Const) else None
    return _DOCUMENTED.index(name) if isinstance(name, str) and name in _DOCUMENTED else None


def _displaced(items: list[ir.Expr]) -> set[tuple[str, str]]:
    """The pairs of middleware that stand the wrong way round."""
    names = [item.value for item in items if isinstance(item, ir.Const) and isinstance(item.value, str)]
    return {
        (before, after)
        for number, before in enumerate(names)
        for after in names[number + 1 :]
        if _comes_first(after, before)
    }


def _comes_first(one: str, other: str) -> bool:
    if any((first, second) == (one, other) for first, second, _ in _PAIRS):
        return True
    return one in _DOCUMENTED and other in _DOCUMENTED and _DOCUMENTED.index(one) < _DOCUMENTED.index(other)
