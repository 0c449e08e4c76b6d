"""Fingerprints and baselines: what is recognised again, what is not, and that a baseline only ever shrinks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces import EXPECTED, MODELS, SERVICES, VIEWS, Shop

from djguide_analyzers.engine.baseline import Baseline, Entry, InvalidBaseline, dumps, load, made_of
from djguide_analyzers.rules.finding import Severity

NAME = "djguide-baseline.json"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "shop")


def accept(shop: Shop, name: str = NAME) -> Baseline:
    """Write everything that is found now into the baseline."""
    baseline = made_of(shop.root / name, shop.workspace.identities(shop.report().findings))
    shop.change(name, dumps(baseline))
    return baseline


def fingerprints(shop: Shop) -> list[str]:
    return [finding.fingerprint for finding in shop.report().findings]


# --- fingerprints ----------------------------------------------------------------------------------------


def moved(text: str) -> str:
    return f"# A comment.\n\n\n{text}"


def reformatted(text: str) -> str:
    return text.replace("len(Book.objects.all())", "len(\n        Book.objects.all(),\n    )")


def with_neighbours(text: str) -> str:
    return text.replace("def count", "def other():\n    return 1\n\n\ndef count")


def windows(text: str) -> str:
    return text.replace("\n", "\r\n")


@pytest.mark.parametrize("change", [moved, reformatted, with_neighbours, windows])
def test_what_does_not_change_a_fingerprint(shop: Shop, change: Callable[[str], str]) -> None:
    before = fingerprints(shop)
    assert change(VIEWS) != VIEWS
    shop.change("shop/views.py", change(VIEWS))
    assert fingerprints(shop) == before
    assert all(before) and len(set(before)) == len(EXPECTED)


def renamed(text: str) -> str:
    return text.replace("def count", "def number")


def other_code(text: str) -> str:
    return text.replace("len(Book.objects.all())", "len(Book.objects.filter(price=1))")


@pytest.mark.parametrize("change", [renamed, other_code])
def test_what_changes_a_fingerprint(shop: Shop, change: Callable[[str], str]) -> None:
    before = fingerprints(shop)
    shop.change("shop/views.py", change(VIEWS))
    after = fingerprints(shop)
    assert len(set(before) - set(after)) == 1


def test_fields_are_told_apart_by_name(shop: Shop) -> None:
    shop.change("shop/models.py", MODELS.replace("price =", "cost = models.FloatField()\n    price ="))
    money = [f for f in shop.report().findings if f.code == "money-stored-as-float"]
    assert len({finding.fingerprint.partition("-")[0] for finding in money}) == 2


def test_equal_findings_are_numbered(shop: Shop) -> None:
    twice = VIEWS.replace("return len(", "print(len(Book.objects.all()))\n    return len(")
    shop.change("shop/views.py", twice)
    found = [f.fingerprint for f in shop.report().findings if f.code == "len-of-queryset"]
    assert found == [found[0], f"{found[0]}-2"]


def test_part_of_a_workspace_has_the_same_fingerprints(shop: Shop) -> None:
    everything = {finding.fingerprint for finding in shop.report().findings}
    part = shop.workspace.check([shop.path("shop/views.py")]).findings
    assert part and {finding.fingerprint for finding in part} < everything


# --- comparing -------------------------------------------------------------------------------------------


def test_accepted_findings_are_known_and_new_ones_are_told(shop: Shop) -> None:
    accept(shop)
    report = shop.report()
    assert report.findings == []
    assert shop.told(report.known) == EXPECTED
    assert all(finding.known for finding in report.known)
    assert [(use.path.name, use.gone) for use in report.baselines] == [(NAME, ())]
    shop.change("shop/views.py", moved(VIEWS) + "\n\ndef more():\n    return len(Book.objects.all())\n")
    report = shop.report()
    assert shop.told(report.findings) == ["shop/views.py:17 len-of-queryset"]
    assert len(report.known) == len(EXPECTED)


def test_one_more_of_the_same_is_new(shop: Shop) -> None:
    accept(shop)
    twice = VIEWS.replace("return len(", "print(len(Book.objects.all()))\n    return len(")
    shop.change("shop/views.py", twice)
    assert shop.told(shop.report().findings) == ["shop/views.py:7 len-of-queryset"]


def test_what_was_mended_is_gone(shop: Shop) -> None:
    baseline = accept(shop)
    shop.change("shop/views.py", VIEWS.replace("len(Book.objects.all())", "Book.objects.count()"))
    (use,) = shop.report().baselines
    assert [(entry.path, entry.code, entry.definition) for entry in use.gone] == [
        ("shop/views.py", "len-of-queryset", "count")
    ]
    assert shop.workspace.check([shop.path("shop/models.py")]).baselines[0].gone == ()
    assert shop.workspace.check([shop.path("shop")]).baselines[0].gone == use.gone
    pruned = baseline.without(use.gone)
    assert pruned.entries == tuple(e for e in baseline.entries if e.code != "len-of-queryset")


def test_fewer_of_the_same_lower_the_count() -> None:
    entry = Entry("a.py", "some-code", "f", "x", "abc", 3)
    baseline = Baseline(Path("b.json"), (entry,))
    assert baseline.without([Entry("a.py", "some-code", "f", "x", "abc", 1)]).entries[0].count == 2
    assert baseline.without([entry]).entries == ()


def test_nothing_is_gone_from_a_file_that_cannot_be_parsed(shop: Shop) -> None:
    accept(shop)
    shop.change("shop/views.py", VIEWS.replace("return len(Book.objects.all())", "return len((("))
    (use,) = shop.report().baselines
    assert use.gone == ()


def test_a_mistake_in_the_configuration_is_never_accepted(shop: Shop) -> None:
    shop.change("djguide.toml", "selct = []\n")
    assert [f.code for f in shop.report().findings].count("invalid-configuration") == 1
    accept(shop)
    assert [f.code for f in shop.report().findings] == ["invalid-configuration"]


def test_the_configuration_says_where_it_lies(shop: Shop) -> None:
    shop.change("djguide.toml", 'baseline = "quality/known.json"\n')
    report = shop.report()
    assert len(report.findings) == len(EXPECTED)
    assert [problem.message for problem in report.problems] == [
        f"baseline {shop.path('quality/known.json')}: there is no such file"
    ]
    accept(shop, "quality/known.json")
    assert shop.report().findings == []


# --- in an editor ----------------------------------------------------------------------------------------


def test_editors_show_known_findings_as_hints(shop: Shop) -> None:
    accept(shop)
    shop.workspace.settle()
    shop.edit(
        "shop/views.py",
        VIEWS.replace("def listing", "def more():\n    return len(Book.objects.all())\n\n\ndef listing"),
    )
    found = shop.workspace.findings(shop.path("shop/views.py"))
    assert [(f.code, f.severity is Severity.HINT) for f in found] == [
        ("len-of-queryset", True),
        ("len-of-queryset", False),
        ("n-plus-one-foreign-key", True),
    ]
    other_end = shop.workspace.findings(shop.path("shop/services.py"))
    assert [f.severity for f in other_end] == [Severity.HINT]


def test_editors_can_hide_them(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "shop", settings={"known-findings": "hidden"})
    accept(shop)
    shop.workspace.settle()
    assert shop.workspace.findings(shop.path("shop/views.py")) == []
    assert SERVICES and shop.workspace.findings(shop.path("shop/services.py")) == []


def test_an_unsaved_baseline_counts(shop: Shop) -> None:
    text = dumps(accept(shop))
    shop.workspace.settle()
    assert shop.report().findings == []
    shop.change(NAME, None)
    assert len(shop.report().findings) == len(EXPECTED)
    shop.edit(NAME, text)
    assert shop.report().findings == []


# --- the file --------------------------------------------------------------------------------------------


def test_the_file_is_one_line_an_entry_and_comes_back(shop: Shop) -> None:
    baseline = accept(shop)
    text = (shop.root / NAME).read_text(encoding="utf-8")
    assert text.count('"fingerprint"') == len(EXPECTED) == len(text.splitlines()) - 5
    assert load(baseline.path, lambda path: text) == baseline
    assert dumps(baseline) == text
    assert json.loads(dumps(Baseline(baseline.path)))["findings"] == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "not JSON"),
        ('<<<<<<< ours\n{"version": 1}\n=======\n>>>>>>> theirs\n', "merge conflict"),
        ("[]", "no version"),
        ('{"version": 2}', "version 2"),
        ('{"version": 1, "findings": [{"path": 3}]}', "not a baseline"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_baseline_hides_nothing_and_is_told(shop: Shop, text: str, complaint: str) -> None:
    with pytest.raises(InvalidBaseline, match=complaint):
        load(shop.root / NAME, lambda path: text)
    shop.change(NAME, text)
    report = shop.report()
    assert shop.told(report.findings) == EXPECTED
    (problem,) = report.problems
    assert problem.kind == "configuration" and complaint in problem.message


# --- files that are renamed ------------------------------------------------------------------------------


def test_a_renamed_file_takes_its_entries_along(shop: Shop) -> None:
    baseline = accept(shop)
    (shop.root / "shop/views.py").rename(shop.root / "shop/pages.py")
    shop.workspace = shop.fresh()
    report = shop.report()
    assert report.findings == []
    assert [use.gone for use in report.baselines] == [()]
    (shop.root / "shop/pages.py").write_text(VIEWS.replace("def count", "def number"))
    shop.workspace = shop.fresh()
    report = shop.report()
    assert shop.told(report.findings) == ["shop/pages.py:6 len-of-queryset"]
    assert [entry.code for entry in report.baselines[0].gone] == ["len-of-queryset"]
    assert baseline.entries


def test_a_copied_file_is_new(shop: Shop) -> None:
    accept(shop)
    shop.write(**{"shop/copy.py": VIEWS})
    shop.workspace = shop.fresh()
    assert [line for line in shop.check() if "len-of" in line] == ["shop/copy.py:6 len-of-queryset"]


def test_editors_follow_renames(shop: Shop) -> None:
    accept(shop)
    (shop.root / "shop/views.py").rename(shop.root / "shop/pages.py")
    shop.workspace = shop.fresh()
    shop.workspace.settle()
    assert [f.severity for f in shop.workspace.findings(shop.path("shop/pages.py"))] == [Severity.HINT] * 2
