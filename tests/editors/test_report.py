"""``djguide report --format html`` in a real browser, with nothing to be had from the network."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from code_server import Browser

pytestmark = pytest.mark.editor

SETTINGS = 'INSTALLED_APPS = ["hub", "spokes"]\n'
MANY = 120


def written_report(djguide: Path, folder: Path, environment: dict[str, str]) -> Path:
    """The report on the project in `folder`, beside it."""
    file = folder.parent / "report.html"
    command = [djguide, "report", "--format", "html", "--output-file", file]
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return file


@pytest.fixture
def shown(browser: Browser) -> Iterator[Browser]:
    yield browser
    browser.tell("close")


def drawn(browser: Browser, model: str) -> int:
    """In how many pictures a model is shown with its columns."""
    return len(browser.tell("texts", f'.diagram .model .name:text-is("{model}")'))


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    return struct.unpack(">II", picture.read_bytes()[16:24])


def test_the_report_of_the_shop(
    djguide: Path, shop: Path, environment: dict[str, str], shown: Browser, tmp_path: Path
) -> None:
    shown.tell("open", written_report(djguide, shop, environment).as_uri(), "main")
    shown.tell("resize", 1400, 1000)
    headings = shown.tell("texts", "h2")
    assert headings == [
        "Components",
        "Key features",
        "Integration points",
        "Queries of each view",
        "Findings",
    ]
    assert all(drawn(shown, name) == 1 for name in ("Order", "Customer", "Product"))
    growing = shown.tell("texts", "tr.grows td:first-child code")
    assert set(growing) == {"price_list_csv", "picking_list"}
    picture = tmp_path / "shop.png"
    shown.screenshot(picture, "main")
    assert size_of(picture)[1] > 2000


def test_a_hundred_models_are_drawn_in_pictures_that_can_be_read(
    djguide: Path, environment: dict[str, str], shown: Browser, tmp_path: Path
) -> None:
    models = ["from django.db import models\n", "class Hub(models.Model):\n    name = models.TextField()\n"]
    models += [
        f"class Spoke{n}(models.Model):\n"
        '    hub = models.ForeignKey("hub.Hub", on_delete=models.CASCADE)\n'
        f'    near = models.ForeignKey("Spoke{n // 5}", null=True, on_delete=models.CASCADE)\n'
        for n in range(MANY)
    ]
    files = {
        "manage.py": 'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "settings"\n',
        "settings.py": SETTINGS,
        "hub/__init__.py": "",
        "hub/models.py": "\n\n".join(models[:2]),
        "spokes/__init__.py": "",
        "spokes/models.py": "\n\n".join([models[0], *models[2:]]),
    }
    for name, text in files.items():
        path = tmp_path / "wheel" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shown.tell("open", written_report(djguide, tmp_path / "wheel", environment).as_uri(), "main")
    assert all(drawn(shown, f"Spoke{n}") >= 1 for n in (0, 1, MANY // 2, MANY - 1))
    assert len(shown.tell("texts", ".diagram .model .name")) > MANY
    captions = shown.tell("texts", "figcaption")
    assert any("most connected" in caption for caption in captions)
    for number, _ in enumerate(captions, 1):
        picture = tmp_path / f"{number}.png"
        shown.screenshot(picture, f":nth-match(.diagram, {number})")
        width, height = (side / 1.5 for side in size_of(picture))  # the browser's pixels per point
        assert width < 3500 and height < 2500
