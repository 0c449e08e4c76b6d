from __future__ import annotations

from typing import Any

import pytest
from settings_reading import SOMETHING, entries, evaluate, plain, values

from djguide_analyzers.project.settings import evaluate_settings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("X = 'a'", "a"),
        ("X: int = 3", 3),
        ("X = Y = None", None),
        ("X = -1.5", -1.5),
        ("X = 60 * 60 * 24", 86400),
        ("A = 'a'\nX = A + 'b'", "ab"),
        ("X = ('a', *['b'])", ("a", "b")),
        ("X = ['a'] + ['b']", ["a", "b"]),
        ("X = ['a']\nX += ['b', 'c']", ["a", "b", "c"]),
        ("X = ('a',)\nX += ('b',)", ("a", "b")),
        ("X = ['a']\nX.append('b')\nX.insert(0, 'z')\nX.extend(('c',))\nX.remove('a')", ["z", "b", "c"]),
        ("X = {'a'}\nX.add('b')\nX |= {'c'}", {"a", "b", "c"}),
        ("X = ['a', 'b', 'c'][1:]", ["b", "c"]),
        (
            "X = {'a': {'b': 1}}\nX['a']['c'] = 2\nX.update(d=3)\nX.setdefault('e', 4)",
            {"a": {"b": 1, "c": 2}, "d": 3, "e": 4},
        ),
        ("X = dict(a=1, **{'b': 2})\ndel X['a']", {"b": 2}),
        ("A = {'a': 1}\nX = {**A, 'b': 2} | {'c': 3}", {"a": 1, "b": 2, "c": 3}),
        (
            "X = [{'O': {'l': []}}]\nX[0]['O']['l'].append('q')\nX[0]['O']['d'] = True",
            [{"O": {"l": ["q"], "d": True}}],
        ),
        ("H = 'db'\nX = f'redis://{H}:{6379}/0'", "redis://db:6379/0"),
        ("X = '%s-%d' % ('a', 1)", "a-1"),
        ("X = '{}/{name}'.format('a', name='b')", "a/b"),
        ("X = ','.join(['a', 'b']).upper().split(',')", ["A", "B"]),
        ("X = [a + '.x' for a in ('p', 'q') if a != 'q']", ["p.x"]),
        ("X = {k: k * 2 for k in 'ab'}", {"a": "aa", "b": "bb"}),
        ("X = {v: k for k, v in {'a': 1}.items()}", {1: "a"}),
        ("X = tuple(sorted(set(['a'])))", ("a",)),
        ("A, (B, X) = 1, (2, 'c')", "c"),
        ("X = []\nfor n in range(3):\n    if n == 1:\n        continue\n    X.append(n)", [0, 2]),
        ("X = 'a' if 1 < 2 else 'b'", "a"),
        ("X = 'a' in ['a'] and not False", True),
        ("X = None or 'd'", "d"),
        ("X = 1\nif not X:\n    X = 2\nelif X == 1:\n    X = 3", 3),
        ("if __name__ == '__main__':\n    X = 1\nelse:\n    X = 2", 2),
        ("from typing import TYPE_CHECKING\nX = 1\nif TYPE_CHECKING:\n    X = 2", 1),
        (
            "from django.utils.translation import gettext_lazy as _\nX = [('en', _('English'))]",
            [("en", "English")],
        ),
        ("def f(a, *rest, b=2, **more):\n    return [a, *rest, b]\nX = f(1, 5, b=3, c=4)", [1, 5, 3]),
        ("def f(n):\n    if n:\n        return 'yes'\n    return 'no'\nX = f('')", "no"),
        ("from copy import deepcopy\nA = {'a': [1]}\nX = deepcopy(A)\nX['a'].append(2)", {"a": [1, 2]}),
        ("globals()['X'] = 1", 1),
        ("globals().update({'X': 2})", 2),
        ("X = len('abc') + int('2') + bool([1])", 6),
        ("X = 'a:b'.partition(':')[2]", "b"),
        ("X = (y := 5) + y", 10),
    ],
)
def test_what_is_written_out_is_known(text: str, expected: Any) -> None:
    value = evaluate(text).get("X")
    assert value.constant == expected
    assert value.certain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "from pathlib import Path\nB = Path(__file__).resolve().parent.parent\nX = B / 'templates'",
            "/w/templates",
        ),
        (
            "from os.path import abspath, dirname, join\nX = join(dirname(dirname(abspath(__file__))), 'a', 'b')",
            "/w/a/b",
        ),
        (
            "from pathlib import Path\nX = str(Path(__file__).parents[1].joinpath('db.sqlite3'))",
            "/w/db.sqlite3",
        ),
        ("import environ\nR = environ.Path(__file__) - 2\nX = R('static')", "/w/static"),
        ("import os.path\nX = os.path.normpath(os.path.join(os.path.dirname(__file__), '..', 't'))", "/w/t"),
        ("import pathlib\nX = f'{pathlib.Path(__file__).parent}/x'", "/w/site/x"),
    ],
)
def test_paths_start_from_the_file(text: str, expected: str) -> None:
    assert evaluate(text).get("X").constant == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import os\nX = os.environ['A']", [SOMETHING]),
        ("import os\nX = os.environ.get('A', 'd')", ["d", SOMETHING]),
        ("import os\nX = os.getenv('A')", [None, SOMETHING]),
        ("from os import environ\nX = environ.get('A', 'f') == 't'", [False, SOMETHING]),
        ("import environ\nenv = environ.Env(A=(bool, True))\nX = env('A')", [True, SOMETHING]),
        ("import environ\nenv = environ.Env()\nX = env.bool('A', default=False)", [False, SOMETHING]),
        ("import environ\nenv = environ.Env()\nX = env.list('A', default=['a'])", [["a"], SOMETHING]),
        ("import environ\nenv = environ.Env()\nX = env('A', int)", [SOMETHING]),
        ("from environs import Env\nenv = Env()\nenv.read_env()\nX = env.int('A', 5)", [5, SOMETHING]),
        (
            "from decouple import config, Csv\nX = config('A', default='a, b', cast=Csv())",
            [["a", "b"], SOMETHING],
        ),
        ("from decouple import config\nX = config('A', default='off', cast=bool)", [False, SOMETHING]),
        ("from my.helpers import get_env_str\nX = get_env_str('A', 'd')", ["d", SOMETHING]),
        ("X = cfg.get('s', 'o', fallback=3)", [3, SOMETHING]),
        ("class C(BaseSettings):\n    debug: bool = True\nc = C()\nX = c.debug", [True, SOMETHING]),
        ("import sys\nX = 'test' in sys.argv", [SOMETHING]),
        ("X = undefined_name", [SOMETHING]),
        ("X = (lambda: 1)()", [SOMETHING]),
        ("import requests\nX = requests.get('u').text", [SOMETHING]),
        ("from django.utils.crypto import get_random_string\nX = get_random_string(50)", [SOMETHING]),
    ],
)
def test_what_depends_on_the_machine_is_unknown_beside_its_default(text: str, expected: list[Any]) -> None:
    assert values(text) == expected
    assert not evaluate(text).get("X").certain


def test_the_default_of_a_variable_is_the_likely_value() -> None:
    assert evaluate("import os\nX = os.environ.get('A', 'd')").get("X").likely == "d"
    assert evaluate("import os\nX = os.environ['A']").get("X").likely is None
    assert evaluate("import os\nX = 1 if os.environ['A'] else 2").get("X").likely is None


@pytest.mark.parametrize(
    ("call", "engine"),
    [
        ("env.db(default='sqlite:///db.sqlite3')", "django.db.backends.sqlite3"),
        ("env.db('DATABASE_URL', default='postgres://u@h/n')", "django.db.backends.postgresql"),
        ("dj_database_url.config(default='mysql://u@h/n')", "django.db.backends.mysql"),
        ("dj_database_url.parse('postgis://u@h/n')", "django.contrib.gis.db.backends.postgis"),
    ],
)
def test_databases_by_url_keep_what_is_added_to_them(call: str, engine: str) -> None:
    text = f"import environ, dj_database_url\nenv = environ.Env()\nDATABASES = {{'default': {call}}}\n"
    default = evaluate(text + "DATABASES['default']['ATOMIC_REQUESTS'] = True\n").databases()["default"]
    assert engine in default.item("ENGINE").alternatives
    assert default.item("ATOMIC_REQUESTS").constant is True


@pytest.mark.parametrize("chosen", ["ALL[KIND]", "ALL.get(KIND)"])
def test_of_a_table_indexed_by_a_variable_the_entry_of_its_default_is_likely(chosen: str) -> None:
    text = f"""
        import os
        KIND = os.environ.get("KIND", "b")
        ALL = {{"a": 1, "b": 2}}
        X = {chosen}
    """
    assert values(text) == [2, SOMETHING]


def test_an_unknown_condition_keeps_both_branches() -> None:
    text = "import os\nif os.environ.get('A'):\n    X = 1\nelse:\n    X = 2\n"
    assert values(text) == [2, 1]  # what holds without the variable comes first
    assert values("X = 0\n" + text.replace("else:\n    X = 2\n", "")) == [0, 1]


def test_items_that_a_branch_adds_are_not_certain() -> None:
    text = """\
        import os
        X = ["a", "b"]
        if os.environ.get("DEBUG"):
            X += ["debug_toolbar"]
            X.insert(0, "first")
        X.append("c")
        """
    assert entries(text) == [
        ("first", False),
        ("a", True),
        ("b", True),
        ("debug_toolbar", False),
        ("c", True),
    ]
    assert not evaluate(text).get("X").open


def test_many_conditions_do_not_multiply() -> None:
    text = "import os\nX = ['a']\n" + "".join(
        f"if os.environ.get('V{n}'):\n    X.append('b{n}')\n" for n in range(60)
    )
    assert entries(text) == [("a", True), *((f"b{n}", False) for n in range(60))]


def test_more_items_that_nobody_knows_make_the_list_open() -> None:
    text = """\
        import os
        X = ["a"] + os.environ["EXTRA"].split(",")
        Y = [*EXTRA, "b"]
        for extra in EXTRA:
            Y.append(extra.name)
        """
    settings = evaluate(text)
    assert [(e.value, e.certain) for e in settings.entries("X")] == [("a", True)]
    assert settings.get("X").open
    assert [(e.value, e.certain) for e in settings.entries("Y")] == [("b", True)]
    assert settings.get("Y").open


def test_a_branch_that_stops_the_program_is_no_alternative() -> None:
    text = """\
        import os, sys
        X = "postgres"
        if os.environ.get("A"):
            X = "mysql"
            raise ImproperlyConfigured("no")
        elif os.environ.get("B"):
            X = "oracle"
            sys.exit(1)
        """
    assert values(text) == ["postgres"]


def test_a_condition_on_a_name_narrows_it() -> None:
    text = "import os\nA = os.environ.get('A')\nif A is None:\n    X = 'none'\nelse:\n    X = A\n"
    assert values(text) == ["none", SOMETHING]
    assert values("import os\nA = os.environ.get('A')\nX = 'd'\nif A:\n    X = A\n") == ["d", SOMETHING]


def test_exceptions_keep_both_ways() -> None:
    text = "import os\ntry:\n    X = os.environ['A']\nexcept KeyError:\n    X = 'd'\n"
    assert values(text) == [SOMETHING, "d"]
    assert values("try:\n    X = 'a'\nexcept Exception:\n    X = 'b'\n") == ["a"]


# --- imports ---------------------------------------------------------------------------------------------


def test_star_imports_are_followed_and_changed_in_place() -> None:
    base = "import os\nX = ['a']\n_HIDDEN = 1\nY = {'k': 1}\n"
    text = "from .base import *\nX += ['b']\nY['l'] = _HIDDEN\n"
    settings = evaluate(text, files={"site.base": base})
    assert settings.get("X").constant == ["a", "b"]
    assert [plain(v) for v in settings.get("Y").item("l").alternatives] == [SOMETHING]


def test_names_are_imported_across_modules_and_all_is_respected() -> None:
    files = {
        "site.base": "from site.apps import LOCAL as APPS\n__all__ = ['X']\nX = APPS + ['b']\nZ = 1\n",
        "site.apps": "from . import more\nLOCAL = ['a', more.NAME]\n",
        "site.more": "NAME = 'm'\n",
    }
    settings = evaluate("from site.base import *\n", files=files)
    assert settings.get("X").constant == ["a", "m", "b"]
    assert not settings.is_set("Z")


def test_imports_in_a_circle_end() -> None:
    settings = evaluate(
        "from site.b import Y\nX = 1\nZ = Y\n", files={"site.b": "from site.settings import X, Z\nY = X\n"}
    )
    assert [plain(v) for v in settings.get("Y").alternatives] == [1]
    assert [plain(v) for v in settings.get("Z").alternatives] == [1]
    around = evaluate("from site.b import X\n", files={"site.b": "from site.settings import X\n"})
    assert [plain(v) for v in around.get("X").alternatives] == [SOMETHING]


def test_local_settings_that_are_not_there_change_nothing_when_guarded() -> None:
    text = (
        "X = 'a'\ntry:\n    from .local_settings import *\nexcept ImportError:\n    Y = 'no local settings'\n"
    )
    settings = evaluate(text)
    assert settings.get("X").certain
    assert settings.get("Y").constant == "no local settings"
    assert not settings.open
    assert [(name, place.line) for name, place in settings.missing] == [("site.local_settings", 2)]


def test_local_settings_that_are_not_there_leave_the_rest_open_when_needed() -> None:
    settings = evaluate("X = 'a'\nfrom .secret import *\n")
    assert settings.get("X").certain
    assert settings.open
    assert plain(settings.get("NOT_SEEN").alternatives[0]) == SOMETHING
    assert [plain(v) for v in settings.get("APPEND_SLASH").alternatives] == [True, SOMETHING]


def test_a_third_party_package_may_or_may_not_be_there() -> None:
    text = """\
        X = ["a"]
        try:
            import debug_toolbar
            X.append("debug_toolbar")
        except ImportError:
            pass
        """
    assert entries(text) == [("a", True), ("debug_toolbar", False)]
    assert entries(text, files={"debug_toolbar": ""}) == [("a", True), ("debug_toolbar", True)]
    suppressed = (
        "import contextlib\nX = []\nwith contextlib.suppress(ImportError):\n    import zzz\n    X += ['z']\n"
    )
    assert entries(suppressed) == [("z", False)]


def test_modules_of_the_standard_library_are_there() -> None:
    text = "try:\n    import tomllib\n    X = 1\nexcept ImportError:\n    X = 2\n"
    assert values(text) == [1]


def test_split_settings_share_one_namespace() -> None:
    text = """\
        from split_settings.tools import include, optional
        BASE = "b"
        include("parts/apps.py", optional("parts/none.py"))
        X += ["last"]
        """
    settings = evaluate(text, files={"site.parts.apps": "X = [BASE]\n", "site": "", "site.parts": ""})
    assert settings.get("X").constant == ["b", "last"]
    assert not settings.open
    assert evaluate(text.replace("parts/apps.py", "parts/*.py")).open


@pytest.mark.parametrize(
    "call", ["globals().update(load())", "helper(globals())", "exec(code)", "helper(x=locals())"]
)
def test_code_that_may_set_anything_makes_everything_uncertain(call: str) -> None:
    settings = evaluate(f"X = 'a'\n{call}\nY = 'b'\n")
    assert [plain(v) for v in settings.get("X").alternatives] == ["a", SOMETHING]
    assert settings.get("Y").certain
    assert settings.open


def test_a_function_nobody_can_follow_may_change_its_arguments() -> None:
    text = "from tools import modify\nX = ['a']\nmodify(X)\nY = ['b']\nprint(Y)\n"
    settings = evaluate(text)
    assert [(e.value, e.certain) for e in settings.entries("X")] == [("a", False)]
    assert settings.get("X").open
    assert settings.get("Y").certain


# --- django-configurations -------------------------------------------------------------------------------

CONFIGURATIONS = """\
    from configurations import Configuration, values
    class Base(Configuration):
        X = ["a"]
        SECRET = values.SecretValue()
        LEVEL = values.IntegerValue(3)
        @property
        def COMPUTED(self):
            return 1
    class Dev(Base):
        X = Base.X + ["dev"]
        DEBUG = True
    class Prod(Base):
        DEBUG = values.BooleanValue(False)
    """


def test_the_chosen_configuration_class_counts() -> None:
    settings = evaluate(CONFIGURATIONS, configuration="Dev")
    assert settings.get("X").constant == ["a", "dev"]
    assert settings.get("DEBUG").constant is True
    assert [plain(v) for v in settings.get("LEVEL").alternatives] == [3, SOMETHING]
    assert [plain(v) for v in settings.get("SECRET").alternatives] == [SOMETHING]
    assert [plain(v) for v in settings.get("COMPUTED").alternatives] == [SOMETHING]


def test_without_a_choice_all_leaf_classes_are_alternatives() -> None:
    assert entries(CONFIGURATIONS) == [("a", True), ("dev", False)]
    assert values(CONFIGURATIONS, "DEBUG") == [True, False, SOMETHING]


# --- what analysis asks for ------------------------------------------------------------------------------

SITE = """\
    from pathlib import Path
    BASE_DIR = Path(__file__).resolve().parent.parent
    INSTALLED_APPS = [
        "django.contrib.auth",
        "shop.apps.ShopConfig",
    ]
    MIDDLEWARE = ["a.B"]
    ROOT_URLCONF = "site.urls"
    AUTH_USER_MODEL = "shop.User"
    USE_TZ = True
    TEMPLATES = [{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["shop.tags"],
            "libraries": {"x": "shop.x"},
            "context_processors": ["django.template.context_processors.request"],
        },
    }, {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "OPTIONS": {"loaders": [("django.template.loaders.cached.Loader", ["a.Loader"])]},
    }]
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3"}, "replica": {}}
    """


def test_the_settings_of_an_ordinary_project() -> None:
    settings = evaluate(SITE)
    apps = settings.installed_apps()
    assert [(entry.value, entry.certain) for entry in apps] == [
        ("django.contrib.auth", True),
        ("shop.apps.ShopConfig", True),
    ]
    assert apps[1].place is not None
    assert tuple(apps[1].place) == ("site.settings", "/w/site/settings.py", 4)
    assert [entry.value for entry in settings.middleware()] == ["a.B"]
    assert settings.root_urlconf() == "site.urls"
    assert settings.auth_user_model() == "shop.User"
    assert settings.use_tz() is True
    assert list(settings.databases()) == ["default", "replica"]
    assert settings.databases()["default"].item("ENGINE").constant == "django.db.backends.sqlite3"
    assert settings.get("ROOT_URLCONF").places[-1].line == 7


def test_template_engines() -> None:
    django, jinja = evaluate(SITE).templates()
    assert django.backend == "django.template.backends.django.DjangoTemplates"
    assert [entry.value for entry in django.dirs] == ["/w/templates"]
    assert (django.app_dirs, django.open) == (True, False)
    assert [entry.value for entry in django.builtins] == ["shop.tags"]
    assert django.libraries == {"x": "shop.x"}
    assert len(django.context_processors) == 1
    assert (jinja.app_dirs, jinja.dirs) == (False, ())
    assert [entry.value for entry in jinja.loaders] == ["django.template.loaders.cached.Loader", "a.Loader"]


def test_places_tell_every_statement_that_made_a_value() -> None:
    settings = evaluate("from .base import *\nX += ['b']\n", files={"site.base": "X = [\n    'a',\n]\n"})
    assert [(p.module, p.line) for p in settings.get("X").places] == [("site.base", 0), ("site.settings", 1)]
    assert [(e.place.module, e.place.line) for e in settings.entries("X") if e.place] == [
        ("site.base", 1),
        ("site.settings", 1),
    ]


def test_defaults_of_django_are_those_of_the_projects_version() -> None:
    assert evaluate("", django=(4, 2)).use_tz() is False
    assert evaluate("", django=(5, 2)).use_tz() is True
    assert evaluate("", django=(5, 2)).default_auto_field() == "django.db.models.AutoField"
    assert evaluate("", django=(6, 0)).default_auto_field() == "django.db.models.BigAutoField"
    assert evaluate("").auth_user_model() == "auth.User"
    own = {"django.conf.global_settings": "USE_TZ = 'own'\n"}
    assert evaluate("", files=own, origin="environment").get("USE_TZ").constant == "own"


def test_a_setting_that_is_set_on_some_paths_has_the_default_beside_it() -> None:
    text = "import os\nif os.environ.get('A'):\n    AUTH_USER_MODEL = 'a.User'\n"
    assert values(text, "AUTH_USER_MODEL") == ["a.User", "auth.User"]
    assert evaluate(text).auth_user_model() is None


def test_a_settings_module_that_is_not_there() -> None:
    settings = evaluate_settings(lambda name: None, "nowhere.settings")
    assert not settings.found
    assert settings.open
    assert settings.installed_apps() == []
    without = evaluate_settings(lambda name: None, None)
    assert not without.open
    assert without.auth_user_model() == "auth.User"


def test_folders_put_on_the_path() -> None:
    text = "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent / 'apps'))\n"
    assert evaluate(text).import_path == ("/w/site/apps",)


# --- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "X = " + "+".join(["'a'"] * 3000),
        "X = " + "[" * 90 + "]" * 90,
        "X = []\nfor i in range(100):\n    X.append(X)",
        "X = 'a'\nfor i in range(100):\n    X = X + X",
        "X = []\nfor i in range(150):\n    X = [X, X, X]",
        "X = '{:>999999999}'.format('a')",
        "X = '%999999999d' % 1",
        "X = 9 ** 9 ** 9",
        "X = 'a' * 10 ** 9",
        "X = 1 / 0",
        "X = 'a' % {}",
        "X = '{0.__class__}'.format('a')",
        "X = {[]: 1}",
        "X = {([],)}",
        "X = [1][5]",
        "def f():\n    return f()\nX = f()",
        "class A(A):\n    pass\nX = A.b",
        "X = 'abc'[::0]",
        "X = int('x' * 9000)",
        "while True:\n    X = 1",
        "for X in X:\n    X = X",
        "X = 'a'.replace('', 'b' * 9000)",
        "X = [a for a in X]",
        "X = (yield)",
        "X = 1 +",
        "from . import *\nfrom .... import X",
        "X = *Y,",
        "import X.y\nX = X.y.z()",
    ],
)
def test_no_text_makes_evaluation_fail(text: str) -> None:
    settings = evaluate(text)
    settings.get("X").alternatives  # noqa: B018 -- must not raise
    settings.entries("X")
