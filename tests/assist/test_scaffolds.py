"""What is made for a model: it follows the project, has no findings, and does what it says on real Django."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path

import pytest

from djguide_analyzers.assist.assistant import Assistant
from djguide_analyzers.engine.workspace import Workspace
from djguide_analyzers.source.edits import apply_edits
from djguide_analyzers.source.positions import LineIndex, Range
from djguide_analyzers.testing import projects, proofs
from djguide_analyzers.testing.pages import Proof

SETTINGS = """SECRET_KEY = "not a secret"
ALLOWED_HOSTS = ["testserver"]
USE_TZ = True
ROOT_URLCONF = "project.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
    "django.contrib.admin", "rest_framework", "library", "shelves",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
"""
MODELS = """from django.conf import settings
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=40, unique=True)
    born = models.DateField(null=True, blank=True)

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.SlugField(max_length=5)


class BookReview(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    author = models.ForeignKey(Author, on_delete=models.PROTECT, related_name="reviews")
    title = models.CharField(max_length=40)
    stars = models.PositiveSmallIntegerField()
    price = models.DecimalField(max_digits=6, decimal_places=2)
    state = models.CharField(max_length=5, choices=[("draft", "Draft"), ("open", "Open")])
    mail = models.EmailField(unique=True)
    published = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    secret_token = models.CharField(max_length=20, blank=True)
    text = models.TextField(blank=True)
    tags = models.ManyToManyField(Tag, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.title
"""
BARE = {
    "project/settings.py": SETTINGS,
    "project/urls.py": "from django.contrib import admin\nfrom django.urls import path\n\n"
    'urlpatterns = [\n    path("admin/", admin.site.urls),\n]\n',
    "library/models.py": MODELS,
    "shelves/models.py": "from django.db import models\n\n\nclass Shelf(models.Model):\n"
    "    room = models.CharField(max_length=9)\n",
}
"""A project that has nothing but models."""

SETTLED = {
    **BARE,
    "project/urls.py": "from django.urls import include, path\n\n"
    'urlpatterns = [path("api/", include("project.api"))]\n',
    "project/api.py": "from rest_framework import routers\nfrom shelves.api import views\n\n"
    'router = routers.SimpleRouter()\nrouter.register("shelves", views.ShelfViewSet)\n'
    'router.register("boxes", views.BoxViewSet, basename="box")  # last\n\nurlpatterns = router.urls\n',
    "project/base.py": "from django.contrib import admin\nfrom django.core.management.base import BaseCommand\n"
    "from django.test import TestCase\nfrom rest_framework import serializers, viewsets\n\n\n"
    "class Serializer(serializers.ModelSerializer):\n    pass\n\n\n"
    "class ViewSet(viewsets.ModelViewSet):\n    pass\n\n\n"
    "class Admin(admin.ModelAdmin):\n    list_per_page = 50\n\n\n"
    "class Command(BaseCommand):\n    pass\n\n\nclass Case(TestCase):\n    pass\n",
    "shelves/api/serializers.py": "from project.base import Serializer\nfrom shelves.models import Shelf\n\n\n"
    'class ShelfSerializer(Serializer):\n    class Meta:\n        model = Shelf\n        fields = ["id"]\n\n\n'
    'class BoxSerializer(Serializer):\n    class Meta:\n        model = Shelf\n        fields = ["room"]\n',
    "shelves/api/views.py": "from project.base import ViewSet\nfrom rest_framework.permissions import IsAdminUser\n"
    "from shelves.api.serializers import BoxSerializer, ShelfSerializer\nfrom shelves.models import Shelf\n\n\n"
    "class ShelfViewSet(ViewSet):\n    queryset = Shelf.objects.all()\n    serializer_class = ShelfSerializer\n"
    "    permission_classes = [IsAdminUser]\n\n\n"
    "class BoxViewSet(ViewSet):\n    queryset = Shelf.objects.all()\n    serializer_class = BoxSerializer\n"
    "    permission_classes = [IsAdminUser]\n",
    "shelves/services/boxes.py": "def one():\n    pass\n",
    "shelves/services/shelves.py": "def two():\n    pass\n",
    "shelves/admin.py": "from django.contrib import admin\nfrom project.base import Admin\n"
    "from library.models import Author\nfrom shelves.models import Shelf\n\n\n"
    '@admin.register(Author)\nclass AuthorAdmin(Admin):\n    search_fields = ("name",)\n\n\n'
    "@admin.register(Shelf)\nclass ShelfAdmin(Admin):\n    pass\n",
    "shelves/management/commands/one.py": "from project.base import Command as Base\n\n\n"
    'class Command(Base):\n    help = "One"\n',
    "shelves/management/commands/two.py": "from project.base import Command as Base\n\n\n"
    'class Command(Base):\n    help = "Two"\n',
    "shelves/tests/test_one.py": "from project.base import Case\n\n\nclass OneTests(Case):\n    pass\n",
    "shelves/tests/test_two.py": "from project.base import Case\n\n\nclass TwoTests(Case):\n    pass\n",
}
"""One with base classes of its own, where each kind of code has its place."""

LIST = {
    **BARE,
    "project/urls.py": "from django.urls import include, path\n\n"
    'urlpatterns = [path("library/", include("library.urls"))]\n',
    "library/urls.py": "from django.urls import path\n\nfrom .views import ReviewList\n\n"
    'app_name = "library"\nurlpatterns = [path("<int:year>/", ReviewList.as_view(), name="year"), '
    'path("reviews/", ReviewList.as_view(), name="reviews")]\n',
    "library/views.py": "from django.contrib.auth.mixins import LoginRequiredMixin\n"
    "from django.views.generic import ListView\n\nfrom .models import BookReview\n\n\n"
    "class ReviewList(LoginRequiredMixin, ListView):\n"
    '    queryset = BookReview.objects.select_related("author").order_by("pk")\n\n'
    "    def get_queryset(self):\n        return super().get_queryset().filter(owner=self.request.user)\n",
    "library/templates/library/bookreview_list.html": (
        "{% for review in object_list %}{{ review.author }}{% endfor %}"
    ),
    "library/tests.py": "from django.test import TestCase\n\n# Create your tests here.\n",
}
"""One with a list of the model's rows."""

PROJECTS = {"bare": BARE, "settled": SETTLED, "list": LIST}
RUN_TESTS = """
from django.test.runner import DiscoverRunner

assert DiscoverRunner(verbosity=0).run_tests(TESTS) == 0
"""


def made(
    tmp_path: Path, files: Mapping[str, str], kind: str, cls: str = "BookReview"
) -> dict[str, str] | None:
    """The project's files after what `kind` ends with was made; None where it is not offered."""
    root = tmp_path / "project"
    projects.write(root, files)
    before = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.py")}
    workspace = Workspace([root], cache=tmp_path / "cache")
    workspace.projects()
    text = files["library/models.py"]
    position = LineIndex(text).position(text.index(f"class {cls}") + 8)
    path = (root / "library/models.py").as_posix()

    def read(other: str) -> str | None:
        return Path(other).read_text() if Path(other).exists() else None

    assistant = Assistant(workspace.linked())
    offers = assistant.refactorings(path, LineIndex(text), Range(position, position), read)
    change = next((offer.make() for offer in offers if offer.kind.endswith(f".{kind}")), None)
    workspace.close()
    if change is None:
        return None
    after = dict(files) | before
    for other in {edit.path for edit in change.edits}:
        name = Path(other).relative_to(root).as_posix()
        after[name] = apply_edits(after[name], [edit for edit in change.edits if edit.path == other])
    created = {Path(other).relative_to(root).as_posix(): text for other, text in change.created.items()}
    assert not created.keys() & after.keys()
    after |= created
    for name, text in after.items():
        if name.endswith(".py"):
            ast.parse(text, name)
    return after


def new(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Names of files that were added or changed, empty ones left out."""
    return {name for name, text in after.items() if text.strip() and before.get(name, "") != text} - {
        "manage.py", "pyproject.toml"
    }  # fmt: skip


def prove(tmp_path: Path, files: Mapping[str, str], code: str) -> None:
    """Run `code` on the project with `files`, on each Django there is."""
    ran = 0
    for number, python in enumerate(proofs.interpreters()):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        try:
            proofs.run_proof(python, folder, files, Proof(code, 1), Path("scaffold"), fixed=True)
            ran += 1
        except proofs.NotInstalled:
            continue
    assert ran


def findings(tmp_path: Path, files: Mapping[str, str], names: set[str]) -> list[str]:
    """What djguide says about the files called `names`."""
    root = tmp_path / "judged"
    projects.write(root, files)
    workspace = Workspace([root], cache=tmp_path / "cache")
    report = workspace.check()
    workspace.close()
    assert not report.problems
    return [
        f"{found.code} {Path(found.place.path).relative_to(root)}:{found.place.range.start.line + 1}"
        for found in report.findings
        if Path(found.place.path).relative_to(root).as_posix() in names
    ]


API = """
from django.contrib.auth import get_user_model
from library.models import Author, BookReview, Tag
from rest_framework.test import APIClient

User = get_user_model()
one, other = (User.objects.create(username=name, is_staff=True) for name in "ab")
author = Author.objects.create(name="A")
values = {"author": author.pk, "title": "T", "stars": 1, "price": "1.00", "state": "open", "mail": "a@example.com",
          "opened_at": "2024-01-31T12:00:00Z", "owner": other.pk, "tags": [Tag.objects.create(name="t").pk]}
client = APIClient()
assert client.get(URL).status_code in (401, 403)
client.force_authenticate(one)
answer = client.post(URL, values, format="json")
assert answer.status_code == 201, answer.content
assert BookReview.objects.get().owner == one
assert "secret_token" not in answer.json()
assert [row["title"] for row in client.get(URL).json()] == ["T"]
assert queries(client.get, URL) == 2
client.force_authenticate(other)
assert client.get(URL).json() == []
"""


def test_a_viewset_where_there_is_nothing_yet(tmp_path: Path) -> None:
    after = made(tmp_path, BARE, "viewset")
    assert after is not None
    assert new(BARE, after) == {
        "library/serializers.py", "library/views.py", "library/urls.py", "project/urls.py"
    }  # fmt: skip
    assert "from .serializers import BookReviewSerializer" in after["library/views.py"]
    assert "permission_classes = [IsAuthenticated]" in after["library/views.py"]
    assert "from django.urls import include, path\n" in after["project/urls.py"]
    assert '    path("library/", include("library.urls")),\n]' in after["project/urls.py"]
    prove(tmp_path, after, API.replace("URL", '"/library/book-reviews/"'))
    assert not findings(tmp_path, after, new(BARE, after))


def test_a_viewset_as_the_others_are(tmp_path: Path) -> None:
    after = made(tmp_path, SETTLED, "viewset")
    assert after is not None
    assert new(SETTLED, after) >= {"library/api/serializers.py", "library/api/views.py", "project/api.py"}
    assert "class BookReviewSerializer(Serializer):" in after["library/api/serializers.py"]
    assert "class BookReviewViewSet(ViewSet):" in after["library/api/views.py"]
    assert "permission_classes = [IsAdminUser]" in after["library/api/views.py"]
    assert '# last\nrouter.register("book-reviews", BookReviewViewSet)\n' in after["project/api.py"]
    prove(tmp_path, after, API.replace("URL", '"/api/book-reviews/"'))


def test_permissions_of_the_settings_are_not_repeated(tmp_path: Path) -> None:
    default = (
        'REST_FRAMEWORK = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}\n'
    )
    after = made(tmp_path, {**BARE, "project/settings.py": SETTINGS + default}, "viewset")
    assert after is not None
    assert "permission_classes" not in after["library/views.py"]


def test_an_application_with_patterns_gets_a_router(tmp_path: Path) -> None:
    after = made(tmp_path, LIST, "viewset")
    assert after is not None
    assert "router = DefaultRouter()\n" in after["library/urls.py"]
    assert 'name="reviews"), path("", include(router.urls))]' in after["library/urls.py"]
    prove(tmp_path, after, API.replace("URL", '"/library/book-reviews/"'))


def test_a_service_and_its_test(tmp_path: Path) -> None:
    after = made(tmp_path, BARE, "service")
    assert after is not None
    assert new(BARE, after) == {"library/services.py", "library/tests.py"}
    assert "@transaction.atomic\ndef create_book_review(\n    *,\n    owner," in after["library/services.py"]
    assert "    book_review.tags.set(tags)\n" in after["library/services.py"]
    prove(tmp_path, after, RUN_TESTS.replace("TESTS", '["library.tests"]'))
    assert findings(tmp_path, after, new(BARE, after)) == []


def test_the_test_of_a_service_fails_without_its_transaction(tmp_path: Path) -> None:
    after = made(tmp_path, BARE, "service")
    assert after is not None
    after["library/services.py"] = after["library/services.py"].replace("@transaction.atomic\n", "")
    with pytest.raises(proofs.ProofFailed):
        prove(tmp_path, after, RUN_TESTS.replace("TESTS", '["library.tests"]'))


def test_a_service_where_the_others_are(tmp_path: Path) -> None:
    after = made(tmp_path, SETTLED, "service")
    assert after is not None
    assert new(SETTLED, after) >= {"library/services/book_review.py", "library/tests/test_services.py"}
    assert "class CreateBookReviewTests(Case):" in after["library/tests/test_services.py"]
    prove(tmp_path, after, RUN_TESTS.replace("TESTS", '["library.tests"]'))


def test_a_guard_of_a_list(tmp_path: Path) -> None:
    after = made(tmp_path, LIST, "test")
    assert after is not None
    assert new(LIST, after) == {"library/tests.py"}
    assert 'reverse("library:reviews")' in after["library/tests.py"]
    run = RUN_TESTS.replace("TESTS", '["library.tests"]')
    prove(tmp_path, after, run)
    assert findings(tmp_path, after, new(LIST, after)) == []
    slow = {**after, "library/views.py": after["library/views.py"].replace('.select_related("author")', "")}
    (tmp_path / "slow").mkdir()
    with pytest.raises(proofs.ProofFailed):
        prove(tmp_path / "slow", slow, run)


def test_a_guard_of_a_list_of_an_api(tmp_path: Path) -> None:
    with_viewset = made(tmp_path, BARE, "viewset")
    assert with_viewset is not None
    (tmp_path / "next").mkdir()
    after = made(tmp_path / "next", with_viewset, "test")
    assert after is not None
    assert "(APITestCase)" in after["library/tests.py"]
    prove(tmp_path, after, RUN_TESTS.replace("TESTS", '["library.tests"]'))


def test_no_guard_without_a_list(tmp_path: Path) -> None:
    assert made(tmp_path, BARE, "test") is None


COMMAND = """
from io import StringIO
from unittest import mock

from django.core.management import call_command
from library.models import Author
from library.management.commands.update_authors import Command

Author.objects.create(name="A")
for needed, arguments, text, calls in [
    (False, [], "0 authors changed", 0), (True, ["--dry-run"], "1 authors would be changed", 0),
    (True, [], "1 authors changed", 1),
]:
    out = StringIO()
    is_needed = mock.patch.object(Command, "needs_change", return_value=needed)
    with is_needed, mock.patch.object(Command, "change") as change:
        call_command("update_authors", *arguments, stdout=out)
    assert text in out.getvalue(), out.getvalue()
    assert change.call_count == calls
"""


@pytest.mark.parametrize(("name", "base"), [("bare", "BaseCommand"), ("settled", "base.Command")])
def test_a_command(tmp_path: Path, name: str, base: str) -> None:
    files = PROJECTS[name]
    after = made(tmp_path, files, "command", "Author")
    assert after is not None
    path = "library/management/commands/update_authors.py"
    assert path in new(files, after)
    assert f"class Command({base}):" in after[path]
    assert {"library/management/__init__.py", "library/management/commands/__init__.py"} <= after.keys()
    prove(tmp_path, after, COMMAND)
    if name == "bare":
        assert findings(tmp_path, after, {path}) == []


ADMIN = """
from django.core import checks
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import path
from django.contrib import admin
from library.models import Author, BookReview
from django.utils import timezone

admin.autodiscover()
assert BookReview in admin.site._registry
assert not [message for message in checks.run_checks() if message.id.startswith("admin.E") or message.level >= 40]
user = get_user_model().objects.create(username="a", is_staff=True, is_superuser=True)
class urls:
    urlpatterns = [path("admin/", admin.site.urls)]
client = Client()
client.force_login(user)
with override_settings(ROOT_URLCONF=urls):
    counts = []
    for n in (1, 4):
        for i in range(n):
            author = Author.objects.create(name=f"{n}{i}")
            mail = f"{n}{i}@example.com"
            BookReview.objects.create(
                owner=user, author=author, title="T", stars=1, price=1, mail=mail, state="open",
                opened_at=timezone.now(),
            )
        counts.append(queries(client.get, "/admin/library/bookreview/?q=T"))
        assert client.get("/admin/library/bookreview/add/").status_code == 200
    assert counts[0] == counts[1], counts
"""


@pytest.mark.parametrize(("name", "base"), [("bare", "admin.ModelAdmin"), ("settled", "Admin")])
def test_an_admin_class(tmp_path: Path, name: str, base: str) -> None:
    files = PROJECTS[name]
    after = made(tmp_path, files, "admin")
    assert after is not None
    assert new(files, after) >= {"library/admin.py"}
    assert f"class BookReviewAdmin({base}):" in after["library/admin.py"]
    completed = (
        'autocomplete_fields = ("owner", "author")'
        if name == "settled"
        else 'raw_id_fields = ("author", "tags")'
    )
    assert completed in after["library/admin.py"]
    prove(tmp_path, after, ADMIN)
    if name == "bare":
        assert findings(tmp_path, after, {"library/admin.py"}) == []


def test_what_is_there_is_not_offered_again(tmp_path: Path) -> None:
    for number, kind in enumerate(("viewset", "service", "command", "admin")):
        once = made(tmp_path / f"{number}", BARE, kind)
        assert once is not None
        assert made(tmp_path / f"{number}again", once, kind) is None


def test_nothing_is_offered_for_other_classes(tmp_path: Path) -> None:
    files = {**BARE, "library/models.py": MODELS + "\n\nclass Plain:\n    pass\n"}
    assert made(tmp_path, files, "admin", "Plain") is None


def test_a_relative_import_that_is_there_is_extended(tmp_path: Path) -> None:
    admin = "from django.contrib import admin\n\nfrom .models import Tag\n\nadmin.site.register(Tag)\n"
    after = made(tmp_path, {**BARE, "library/admin.py": admin}, "admin")
    assert after is not None
    assert "from .models import BookReview, Tag\n" in after["library/admin.py"]
    assert "library.models" not in after["library/admin.py"]


NAMESAKE = """

class Suite(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    name = models.CharField(max_length=20, unique=True)


class TestCase(models.Model):
    suite = models.ForeignKey(Suite, on_delete=models.CASCADE)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="+")
    reviewer = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="+")
    text = models.TextField(default="")
    manual = models.BooleanField()
"""


def test_what_has_the_name_of_a_class_of_django(tmp_path: Path) -> None:
    files = {**BARE, "library/models.py": MODELS + NAMESAKE}
    after = made(tmp_path, files, "service", "TestCase")
    assert after is not None
    assert "class CreateTestCaseTests(test.TestCase):" in after["library/tests.py"]
    assert after["library/tests.py"].count("Author.objects.create(") == 2  # one row for each of the two tests
    assert "def create_test_case(*, suite, author, reviewer, text, manual):" in after["library/services.py"]
    prove(tmp_path, after, RUN_TESTS.replace("TESTS", '["library.tests"]'))


def test_rows_that_are_there_already_do_not_disturb_a_service(tmp_path: Path) -> None:
    after = made(tmp_path, BARE, "service", "Author")
    assert after is not None
    stored = (
        "from django.db.models.signals import post_migrate\nfrom library.models import Author\n"
        "def store(**kwargs):\n    Author.objects.get_or_create(name='there')\n\n\n"
        "post_migrate.connect(store)\n"
    )
    prove(tmp_path, after, stored + RUN_TESTS.replace("TESTS", '["library.tests"]'))


def test_no_text_where_a_field_checks_it_by_itself(tmp_path: Path) -> None:
    field = (
        "from django.core.exceptions import ValidationError\n\n\n"
        "def check(value):\n    raise ValidationError(value)\n\n\n"
        "class Colour(models.CharField):\n    default_validators = [check]\n\n\n"
        "class Paint(models.Model):\n    colour = Colour(max_length=9)\n"
    )
    files = {**BARE, "library/models.py": f"{MODELS}\n\n{field}"}
    assert made(tmp_path, files, "service", "Paint") is None


def test_no_package_that_hides_a_module(tmp_path: Path) -> None:
    files = {**BARE, "library/management.py": "def create_permissions():\n    pass\n"}
    assert made(tmp_path, files, "command") is None


def test_a_package_that_is_there_gets_a_module(tmp_path: Path) -> None:
    files = {
        **BARE,
        "library/views/__init__.py": "",
        "library/views/pages.py": "def page(request):\n    pass\n",
    }
    after = made(tmp_path, files, "viewset")
    assert after is not None
    assert "library/views.py" not in after
    assert "class BookReviewViewSet" in after["library/views/book_review.py"]
    prove(tmp_path, after, API.replace("URL", '"/library/book-reviews/"'))


def test_no_viewset_where_no_route_can_be_written(tmp_path: Path) -> None:
    urls = "from django.urls import path\n\n\ndef patterns():\n    return []\n\n\nurlpatterns = patterns()\n"
    assert made(tmp_path, {**BARE, "project/urls.py": urls}, "viewset") is None


def test_tests_of_a_part_are_not_those_of_the_application(tmp_path: Path) -> None:
    case = "from django.test import TestCase\n\n\nclass {}Tests(TestCase):\n    pass\n"
    files = {
        **BARE,
        "library/imports/tests.py": case.format("Import"),
        "library/tests/test_models.py": case.format("Model"),
    }
    files = {"library/tests/__init__.py": "", **files}
    after = made(tmp_path, files, "service")
    assert after is not None
    assert "library/tests/test_services.py" in new(files, after)
