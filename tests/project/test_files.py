from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from project_files import write

from djguide_analyzers.project.files import (
    MAX_SIZE,
    DiskFiles,
    Entry,
    Unreadable,
    is_inside,
    join,
    parents,
    posix,
)
from djguide_analyzers.project.walk import walk


def test_overlay_wins_over_the_disk_until_it_is_dropped(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.py": "disk\n"})
    files = DiskFiles()
    files.set_text(f"{root}/a.py", "buffer\n")
    assert files.read_text(f"{root}/a.py") == "buffer\n"
    files.drop_text(f"{root}/a.py")
    assert files.read_text(f"{root}/a.py") == "disk\n"


def test_an_overlay_of_a_new_file_makes_it_and_its_folder_exist(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.py": ""})
    files = DiskFiles()
    files.set_text(f"{root}/new/b.py", "x = 1\n")
    assert files.is_file(f"{root}/new/b.py")
    assert files.is_dir(f"{root}/new")
    assert files.list_dir(root) == ["a.py", "new"]
    assert files.scan(f"{root}/new") == [Entry("b.py", "file")]


def test_sources_are_decoded_by_mark_cookie_or_as_latin_1(tmp_path: Path) -> None:
    (tmp_path / "bom.py").write_bytes(b"\xef\xbb\xbfx = '\xc3\xa9'\n")
    (tmp_path / "cookie.py").write_bytes(b"# -*- coding: cp1252 -*-\nx = '\x80'\n")
    (tmp_path / "broken.py").write_bytes(b"x = '\xe9'\n")
    root, files = tmp_path.as_posix(), DiskFiles()
    assert files.load(f"{root}/bom.py").text == "x = 'é'\n"
    assert files.load(f"{root}/bom.py").bom
    assert "€" in files.load(f"{root}/cookie.py").text
    broken = files.load(f"{root}/broken.py")
    assert broken.text == "x = 'é'\n"
    assert broken.problem is not None


def test_what_cannot_be_read_has_a_reason(tmp_path: Path) -> None:
    root, files = tmp_path.as_posix(), DiskFiles()
    with (tmp_path / "big.py").open("wb") as file:
        file.truncate(MAX_SIZE + 1)
    with pytest.raises(Unreadable, match="5 MB"):
        files.load(f"{root}/big.py")
    with pytest.raises(Unreadable, match="regular file"):
        files.load(root)
    with pytest.raises(Unreadable, match="no such file"):
        files.load(f"{root}/none.py")
    assert files.read_text(f"{root}/none\0.py") is None
    assert files.list_dir(f"{root}/none") == []


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are files of POSIX systems")
def test_a_pipe_is_neither_a_file_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    files = DiskFiles()
    assert files.read_text(f"{tmp_path.as_posix()}/pipe.py") is None
    assert files.list_dir(tmp_path.as_posix()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_to_folders_are_marked_and_a_walk_does_not_follow_them(tmp_path: Path) -> None:
    root = write(tmp_path, {"app/models.py": ""})
    (tmp_path / "app" / "loop").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    files = DiskFiles()
    assert files.scan(f"{root}/app") == [Entry("loop", "link"), Entry("models.py", "file")]
    assert files.list_dir(root) == ["app"]
    assert walk(files, root).python == [f"{root}/app/models.py"]


def test_paths() -> None:
    assert posix("/a/../b") == "/b"
    assert join("/a/b", "../c") == "/a/c"
    assert join("/a", "C:\\src") == "C:/src"
    assert parents("/a/b/c", "/a") == ["/a/b/c", "/a/b", "/a"]
    assert parents("/x/y", "/a") == ["/x/y"]
    assert is_inside("/a/b", "/a")
    assert not is_inside("/ab", "/a")


def test_a_walk_leaves_out_what_is_not_the_projects_own(tmp_path: Path) -> None:
    names = [
        "node_modules/x.py",
        ".git/x.py",
        "py/pyvenv.cfg",
        "py/lib/x.py",
        "lib/site-packages/x.py",
        "build/lib/x.py",
        "conda/conda-meta/history",
        "conda/x.py",
        "{{ project_name }}/x.py",
        "old/x.py",
        "a.egg-info/x.py",
    ]
    root = write(tmp_path, dict.fromkeys([*names, "shop/models.py", "shop/build/__init__.py"], ""))
    assert walk(DiskFiles(), root, ["old/"]).python == [
        f"{root}/shop/build/__init__.py",
        f"{root}/shop/models.py",
    ]


def test_a_walk_finds_templates_below_template_folders_and_markup_elsewhere(tmp_path: Path) -> None:
    names = [
        "shop/templates/shop/mail.txt",
        "shop/templates/a.html",
        "html/b.html",
        "notes.txt",
        "static/c.html",
    ]
    root = write(tmp_path, dict.fromkeys(names, ""))
    assert walk(DiskFiles(), root).templates == [
        f"{root}/html/b.html",
        f"{root}/shop/templates/a.html",
        f"{root}/shop/templates/shop/mail.txt",
    ]
