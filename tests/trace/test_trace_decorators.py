"""Calls of decorated functions: followed where the decorator leaves the call as it is written, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracing import Traced

from djguide_analyzers.trace.events import Write

HELPERS = """
import contextlib
import functools
from functools import update_wrapper, wraps

from celery import Celery
from django import template
from django.db import transaction
from django.http import HttpResponse
from elsewhere import unheard_of

from shop.models import Book

app = Celery("shop")
register = template.Library()


def registered(func):
    HANDLERS.append(func)
    return func


def logged(func):
    @wraps(func)
    def inner(*args, **kwargs):
        result = func(*args, **kwargs)
        print("done")
        return result

    return inner


def with_permission(name):
    def decorator(func):
        @functools.wraps(func)
        def inner(request, *args, permission=None, **kwargs):
            if not request.user.has_perm(name):
                return HttpResponse(status=403)
            return func(request, *args, permission=permission, **kwargs)

        return inner

    return decorator


def updated(func):
    def inner(*args, **kwargs):
        try:
            return func(*args, **kwargs)
        finally:
            print("done")

    return update_wrapper(inner, func)


def awaited(func):
    async def inner(book):
        return await func(book=book)

    return wraps(func)(inner)


def safely(func):
    def inner(*args, **kwargs):
        with transaction.atomic():
            return func(*args, **kwargs)

    return inner


def remembering(func):
    def inner(book):
        if book.pk not in cache:
            cache[book.pk] = func(book)
        return cache[book.pk]

    return inner


def swapping(func):
    def inner(book, other):
        return func(other, book)

    return inner


def completing(func):
    def inner(book, **kwargs):
        book = book or Book.objects.select_related("author").first()
        return func(book, **kwargs)

    return inner


def listing(func):
    def inner(*args, **kwargs):
        return list(func(*args, **kwargs))

    return inner


def optional(func=None, *, name=""):
    def decorator(func):
        def inner(*args, **kwargs):
            return func(*args, **kwargs)

        return inner

    if func is not None:
        return decorator(func)
    return decorator


def either(timeout):
    def decorator(func):
        return func

    if timeout is None:
        return decorator
    return functools.lru_cache(timeout)


def never(func):
    def inner(*args, **kwargs):
        return None

    return inner


class Marked:
    def __init__(self, func):
        self.func = func
"""

DECORATORS = {
    "registered": True,
    "logged": True,
    "with_permission('shop.see')": True,
    "optional(name='x')": True,
    "updated": True,
    "awaited": True,
    "app.task(bind=False)": True,
    "register.filter": True,
    "register.simple_tag(name='shown')": True,
    "functools.lru_cache(maxsize=None)": True,
    "logged\n@updated": True,
    "logged\n@unheard_of": False,
    "unheard_of": False,
    "unheard_of('x')": False,
    "remembering": False,
    "swapping": False,
    "completing": False,
    "listing": False,
    "either(5)": False,
    "never": False,
    "Marked": False,
}


@pytest.mark.parametrize("decorator", DECORATORS)
def test_a_call_of_a_decorated_function(tmp_path: Path, decorator: str) -> None:
    helpers = f"{HELPERS}\n\n@{decorator}\ndef shown(book):\n    return book.author.name\n"
    body = "from shop.helpers import shown\n\ndef view():\n    for book in Book.objects.all(): shown(book)\n"
    expected = ["Book: author"] if DECORATORS[decorator] else []
    assert Traced(tmp_path, body, helpers=helpers).misses("view") == expected


def test_a_decorator_that_opens_a_transaction(tmp_path: Path) -> None:
    helpers = f"{HELPERS}\n\n@safely\ndef renamed(book):\n    book.save()\n"
    body = (
        "from shop.helpers import *\n\n@safely\ndef view(book: Book):\n    book.save()\n\n"
        "def outer(book: Book):\n    renamed(book)\n"
    )
    traced = Traced(tmp_path, body, helpers=helpers)
    for name in ("view", "outer"):
        written = [event for event in traced.trace(name).everything() if isinstance(event, Write)]
        assert [len(event.context.transactions) for event in written] == [1]


def test_what_a_context_manager_hands_out(tmp_path: Path) -> None:
    helpers = f"{HELPERS}\n\n@contextlib.contextmanager\ndef shelf():\n    yield Book.objects.all()\n"
    body = (
        "from shop.helpers import shelf\n\ndef view():\n    with shelf() as books:\n"
        "        for book in books:\n            book.author.name\n"
    )
    assert Traced(tmp_path, body, helpers=helpers).misses("view") == ["Book: author"]
