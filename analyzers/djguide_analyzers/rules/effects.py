"""Calls whose effect leaves the database, so that no rollback takes it back: tasks, mail, requests, programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from djguide_analyzers.facts import ir
from djguide_analyzers.facts.walk import walk
from djguide_analyzers.project.modules import ClassInfo, FunctionInfo
from djguide_analyzers.rules.bodies import Body
from djguide_analyzers.rules.celery_on_commit import is_plain, sends_at_once
from djguide_analyzers.rules.celery_tasks import SIGNATURES, is_app, task_of

Kind = Literal["task", "django-task", "mail", "request", "process", "pause"]

DISPATCHES = frozenset({"delay", "apply_async"})
_CANVAS = ("celery.chain", "celery.group", "celery.chord", "celery.canvas.")
_SIGNATURES = ("celery.signature", "celery.subtask")
_TASK_CLASSES = ("celery.Task", "celery.app.task.Task", "celery.app.Task")
_DJANGO_TASK = frozenset({"django.tasks.task", "django.tasks.base.task", "django_tasks.task"})
_MAIL = frozenset(
    {"django.core.mail.send_mail", "django.core.mail.send_mass_mail", "django.core.mail.mail_admins",
     "django.core.mail.mail_managers", "django.core.mail.get_connection.send_messages",
     "django.core.mail.EmailMessage.send",
     "django.core.mail.message.EmailMessage.send", "django.core.mail.EmailMultiAlternatives.send",
     "django.core.mail.message.EmailMultiAlternatives.send", "smtplib.SMTP.send_message", "smtplib.SMTP.sendmail",
     "smtplib.SMTP_SSL.send_message", "smtplib.SMTP_SSL.sendmail"}
)  # fmt: skip
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send", "stream"})
_CLIENTS = (
    "requests.", "requests.api.", "requests.Session.", "requests.session.", "requests.sessions.Session.",
    "requests.sessions.session.", "httpx.", "httpx.Client.", "httpx._api.", "httpx._client.Client.",
    "httpx.AsyncClient.", "aiohttp.ClientSession.", "urllib3.PoolManager.",
)  # fmt: skip
_REQUESTS = frozenset(
    {"urllib.request.urlopen", "urllib.request.urlretrieve", "twilio.rest.Client.messages.create",
     "firebase_admin.messaging.send", "firebase_admin.messaging.send_each", "pywebpush.webpush"}
)  # fmt: skip
_SERVICES = ("stripe.", "braintree.", "paypalrestsdk.", "sendgrid.", "mailchimp.", "slack_sdk.")
_SERVICE_VERBS = frozenset(
    {"create", "modify", "delete", "cancel", "capture", "confirm", "refund", "pay", "sale", "void", "send",
     "chat_postMessage", "retrieve", "submit_for_settlement", "execute", "create_refund"}
)  # fmt: skip
_PROCESSES = frozenset(
    {"subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "os.system"}
)
_PAUSES = frozenset({"time.sleep"})


@dataclass(frozen=True, slots=True)
class Effect:
    """What a call does outside of the database; `what` says it in a message, `task` is the task it queues."""

    kind: Kind
    what: str
    task: FunctionInfo | None = None


def leaves_database(body: Body, node: ir.Call) -> Effect | None:
    """The effect of a call of `body`; None for one that has none, or of which it is not known."""
    return dispatched(body, node) or _other(body, node)


def _other(body: Body, node: ir.Call) -> Effect | None:
    dotted = body.dotted(node.func)
    if dotted is None:
        return None
    last = dotted.rpartition(".")[2]
    if dotted in _MAIL:
        return Effect("mail", "a mail is sent")
    if _is_mail_method(body, node, last):
        return Effect("mail", "a mail is sent")
    if dotted in _REQUESTS or (last in _VERBS and dotted.removesuffix(last) in _CLIENTS):
        return Effect("request", "another server is asked")
    if last in _SERVICE_VERBS and dotted.startswith(_SERVICES):
        return Effect("request", f"`{dotted.partition('.')[0]}` is called")
    if dotted in _PROCESSES:
        return Effect("process", "another program runs")
    return Effect("pause", "the code sleeps") if dotted in _PAUSES else None


def _is_mail_method(body: Body, node: ir.Call, last: str) -> bool:
    """Whether it is ``message.send()`` for an instance of Django's class, or of one that derives from it."""
    if last != "send" or not isinstance(node.func, ir.Attr):
        return False
    made = body.made(node.func.value)
    return isinstance(made, ClassInfo) and body.project.resolver.is_subclass(
        made, "django.core.mail.message.EmailMessage", "django.core.mail.EmailMessage"
    )


def dispatched(body: Body, node: ir.Call) -> Effect | None:
    """The task that a call queues: ``task.delay()``, a canvas, ``app.send_task()``, ``task.enqueue()``."""
    func = node.func
    if not isinstance(func, ir.Attr):
        return None
    if func.name in DISPATCHES:
        return _celery(body, func.value)
    if func.name == "send_task":
        if is_app(body.project.resolver, body.code, func.value) or _is_current_app(body, func.value):
            return Effect("task", "a task is queued")
        return None
    if func.name in ("enqueue", "aenqueue"):
        return _django_task(body, func.value)
    return None


def _is_current_app(body: Body, node: ir.Expr) -> bool:
    return (body.names.dotted(body.code, node) or "").startswith("celery.") and not isinstance(node, ir.Call)


def _celery(body: Body, target: ir.Expr, depth: int = 0) -> Effect | None:
    """What ``target.delay()`` queues."""
    if depth > 4:
        return None
    if isinstance(target, ir.Name) and (value := body.names.value(target.id)) is not None:
        return _celery(body, value[0], depth + 1) if value[1] == body.code else None
    if isinstance(target, ir.Call):
        return _canvas(body, target, depth)
    symbol = body.names.symbol(body.code, target)
    if isinstance(symbol, FunctionInfo):
        task = task_of(body.project.resolver, symbol)
        if task is None or not sends_at_once(body.project, task):
            return None
        return Effect("task", f"the task `{symbol.name}` is queued", symbol)
    return _instance(body, target)


def _instance(body: Body, target: ir.Expr) -> Effect | None:
    """The same for an instance of a task class."""
    made = body.made(target)
    if isinstance(made, ClassInfo) and _is_task(body, made) and is_plain(body.project, made):
        return Effect("task", "a task is queued")
    return None


def _canvas(body: Body, target: ir.Call, depth: int) -> Effect | None:
    if isinstance(target.func, ir.Attr) and target.func.name in (*SIGNATURES, "set", "on_error", "link"):
        inner = target.func.value
        if isinstance(inner, ir.Call):
            return _celery(body, inner, depth + 1)
        return _celery(body, inner, depth + 1)
    dotted = body.names.dotted(body.code, target.func) or ""
    if dotted.startswith(_CANVAS) or dotted in _SIGNATURES:
        return Effect("task", "tasks are queued") if _are_sent_at_once(body, target) else None
    return _instance(body, target)


def _are_sent_at_once(body: Body, canvas: ir.Call) -> bool:
    """Whether tasks are named in a canvas, and all of them are sent as Celery's own are."""
    named: list[bool] = []
    for node in walk([*canvas.args, *(keyword.value for keyword in canvas.keywords)]):
        if isinstance(node, (ir.Name, ir.Attr)):
            symbol = body.names.symbol(body.code, node)
            task = task_of(body.project.resolver, symbol) if isinstance(symbol, FunctionInfo) else None
            if task is not None:
                named.append(sends_at_once(body.project, task))
    return bool(named) and all(named)


def _is_task(body: Body, cls: ClassInfo) -> bool:
    return any(base.dotted in _TASK_CLASSES for base in body.project.resolver.mro(cls))


def _django_task(body: Body, target: ir.Expr) -> Effect | None:
    """What ``task.enqueue()`` queues, also after ``task.using(...)``."""
    if isinstance(target, ir.Call) and isinstance(target.func, ir.Attr) and target.func.name == "using":
        target = target.func.value
    if isinstance(target, ir.Name) and (value := body.names.value(target.id)) is not None:
        return _django_task(body, value[0]) if value[1] == body.code and value[0] is not target else None
    symbol = body.names.symbol(body.code, target)
    if isinstance(symbol, FunctionInfo) and is_django_task(body, symbol):
        return Effect("django-task", f"the task `{symbol.name}` is queued", symbol)
    return None


def is_django_task(body: Body, info: FunctionInfo) -> bool:
    """Whether a function is a task of Django's own task framework."""
    for node in info.node.decorators:
        symbol = body.project.resolver.expr(info.code, node.func if isinstance(node, ir.Call) else node)
        if symbol is not None and symbol.dotted in _DJANGO_TASK:
            return True
    return False
