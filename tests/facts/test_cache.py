"""The facts cache: what it keeps, what it lets go, and that no trouble with it is ever more than a miss."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from djguide_analyzers.facts import cache as cache_module
from djguide_analyzers.facts import cache_file
from djguide_analyzers.facts.cache import FactsCache, Stamp, content_hash

SOURCES = str(Path(cache_module.__file__).parents[2])
DAY = 86_400.0
START = 1_800_000_000.0
OLD_NS = 1_700_000_000_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


def blobs_of(count: int, size: int = 1_000, seed: int = 1) -> list[tuple[str, bytes, bytes]]:
    source = random.Random(seed)
    contents = [source.randbytes(size) for _ in range(count)]
    return [("facts", content_hash(data), data) for data in contents]


def database(folder: Path) -> Path:
    files = sorted(folder.glob("*.sqlite3"))
    assert len(files) == 1, files
    return files[0]


def run_python(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": SOURCES},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# --- blobs -----------------------------------------------------------------------------------------------


def test_what_is_put_is_found_again_by_a_later_process(tmp_path: Path) -> None:
    blobs = blobs_of(1_203)
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many(blobs)
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.get_many("facts", [key for _, key, _ in blobs]) == {key: data for _, key, data in blobs}
        assert cache.get("facts", blobs[7][1]) == blobs[7][2]
        assert cache.problems == []


def test_misses_are_absent(tmp_path: Path) -> None:
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many([("facts", b"a" * 16, b"1")])
        assert cache.get("facts", b"b" * 16) is None
        assert cache.get("spans", b"a" * 16) is None
        assert cache.get_many("facts", [b"b" * 16, b"a" * 16, b"a" * 16]) == {b"a" * 16: b"1"}
        assert cache.get_many("facts", []) == {}


def test_kinds_do_not_meet_and_empty_blobs_count(tmp_path: Path) -> None:
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many([("facts", b"a", b""), ("spans", b"a", b"2")])
        assert cache.get("facts", b"a") == b""
        assert cache.get("spans", b"a") == b"2"


def test_a_blob_put_again_replaces_the_old_one(tmp_path: Path) -> None:
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many([("facts", b"a", b"not decodable")])
        cache.put_many([("facts", b"a", b"repaired")])
        assert cache.get("facts", b"a") == b"repaired"


def test_blobs_are_taken_lazily_in_short_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "_BATCH_BYTES", 5_000)
    other = FactsCache(tmp_path, version="1")
    seen: list[int] = []

    def produce() -> Iterator[tuple[str, bytes, bytes]]:
        blobs = blobs_of(12)
        for blob in blobs:
            seen.append(len(other.get_many("facts", [key for _, key, _ in blobs])))
            yield blob

    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many(produce())
    other.close()
    assert seen == [0] * 5 + [5] * 5 + [10] * 2


def test_content_hash_is_sixteen_bytes_of_the_content() -> None:
    assert len(content_hash(b"")) == 16
    assert content_hash(b"a") == content_hash(bytes([97])) != content_hash(b"b")


# --- versions, age and size ------------------------------------------------------------------------------


def test_another_version_finds_nothing_and_loses_nothing(tmp_path: Path) -> None:
    with FactsCache(tmp_path, version="1 / 3.11") as old, FactsCache(tmp_path, version="1 / 3.12") as new:
        old.put_many([("facts", b"a", b"old")])
        assert new.get("facts", b"a") is None
        new.put_many([("facts", b"a", b"new")])
        assert old.get("facts", b"a") == b"old"
        assert new.get("facts", b"a") == b"new"


def test_rows_unused_for_a_month_go_and_used_ones_stay(tmp_path: Path) -> None:
    clock = Clock()
    with FactsCache(tmp_path, version="1", clock=clock) as old:
        old.put_many([("facts", b"a", b"1"), ("facts", b"b", b"2")])
        old.put_stamps({"/p/a.py": Stamp(OLD_NS, 1, b"a")})
    clock.now += 20 * DAY
    with FactsCache(tmp_path, version="1", clock=clock) as old:
        assert old.get("facts", b"a") == b"1"
    clock.now += 20 * DAY
    with FactsCache(tmp_path, version="2", clock=clock) as new:
        new.put_many([("facts", b"c", b"3")])
    with FactsCache(tmp_path, version="1", clock=clock) as old:
        assert old.get_many("facts", [b"a", b"b"]) == {b"a": b"1"}
        assert old.stamp("/p/a.py") is None


def test_stamps_of_a_project_in_use_stay(tmp_path: Path) -> None:
    clock = Clock()
    stamp = Stamp(OLD_NS, 1, b"a")
    with FactsCache(tmp_path, version="1", clock=clock) as cache:
        cache.put_stamps({"/p/a.py": stamp, "/left/a.py": stamp})
    for _ in range(3):
        clock.now += 20 * DAY
        with FactsCache(tmp_path, version="1", clock=clock) as cache:
            assert cache.stamps_below("/p") == {"/p/a.py": stamp}
            cache.put_many([("facts", b"a", b"1")])
    with FactsCache(tmp_path, version="1", clock=clock) as cache:
        assert cache.stamp("/left/a.py") is None


def test_the_least_recently_used_rows_make_room(tmp_path: Path) -> None:
    clock = Clock()
    limit = 1_400_000
    first = blobs_of(60, 16_000, seed=1)
    kept = [key for _, key, _ in first[:20]]
    with FactsCache(tmp_path, version="1", limit_bytes=limit, clock=clock) as cache:
        cache.put_many(first)
        assert len(cache.get_many("facts", [key for _, key, _ in first])) == 60
    clock.now += DAY
    with FactsCache(tmp_path, version="1", limit_bytes=limit, clock=clock) as cache:
        cache.get_many("facts", kept)
        second = blobs_of(40, 16_000, seed=2)
        cache.put_many(second)
        found = cache.get_many("facts", [key for _, key, _ in first])
        assert set(kept) <= set(found)
        assert len(found) < 60
        assert len(cache.get_many("facts", [key for _, key, _ in second])) == 40
    assert database(tmp_path).stat().st_size <= limit


def test_a_limit_below_any_use_is_kept_all_the_same(tmp_path: Path) -> None:
    with FactsCache(tmp_path, version="1", limit_bytes=1) as cache:
        cache.put_stamps({f"/p/{number}.py": Stamp(OLD_NS, 1, b"a") for number in range(5_000)})
        cache.put_many(blobs_of(50, 10_000))
        assert cache.get_many("facts", [key for _, key, _ in blobs_of(50, 10_000)]) == {}
        assert cache.stamps_below("/p") == {}
        assert cache.problems == []
    assert database(tmp_path).stat().st_size < 200_000


def test_reads_write_nothing_the_same_day_and_once_the_next(tmp_path: Path) -> None:
    clock = Clock()
    blobs = blobs_of(5)
    keys = [key for _, key, _ in blobs]
    with FactsCache(tmp_path, version="1", clock=clock) as cache:
        cache.put_many(blobs)
        cache.put_stamps({"/p/a.py": Stamp(OLD_NS, 1, b"a")})
    watcher = sqlite3.connect(database(tmp_path))

    def changes() -> int:
        return watcher.execute("PRAGMA data_version").fetchone()[0]

    def read_all() -> None:
        with FactsCache(tmp_path, version="1", clock=clock) as cache:
            assert len(cache.get_many("facts", keys)) == 5
            assert len(cache.stamps_below("/p")) == 1

    before = changes()
    read_all()
    assert changes() == before
    clock.now += DAY
    read_all()
    after = changes()
    assert after != before
    read_all()
    assert changes() == after
    watcher.close()


# --- stamps ----------------------------------------------------------------------------------------------


def test_stamps_are_found_below_their_folder_only(tmp_path: Path) -> None:
    stamps = {
        "/srv/shop/a.py": Stamp(OLD_NS, 10, b"a" * 16),
        "/srv/shop/orders/b.py": Stamp(OLD_NS + 1, 0, b"b" * 16),
        "/srv/shop2/c.py": Stamp(OLD_NS, 10, b"c" * 16),
        "/srv/shop-old/d.py": Stamp(OLD_NS, 10, b"d" * 16),
        "/srv/shop/naïve \udcff.py": Stamp(OLD_NS, 10, b"e" * 16),
    }
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_stamps(stamps)
    with FactsCache(tmp_path, version="2") as cache:
        below = {path: stamp for path, stamp in stamps.items() if path.startswith("/srv/shop/")}
        assert cache.stamps_below("/srv/shop") == below
        assert cache.stamps_below("/srv/shop/") == below
        assert cache.stamps_below("/") == stamps
        assert cache.stamps_below("/elsewhere") == {}
        assert cache.stamp("/srv/shop2/c.py") == stamps["/srv/shop2/c.py"]
        assert cache.stamp("/srv/shop2/missing.py") is None


def test_stamps_are_replaced_and_dropped(tmp_path: Path) -> None:
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_stamps({"/p/a.py": Stamp(OLD_NS, 1, b"a"), "/p/b.py": Stamp(OLD_NS, 1, b"b")})
        cache.put_stamps({"/p/a.py": Stamp(OLD_NS + 5, 2, b"c")})
        cache.drop_stamps(["/p/b.py", "/p/never.py"])
        assert cache.stamps_below("/p") == {"/p/a.py": Stamp(OLD_NS + 5, 2, b"c")}


def test_a_file_that_may_still_change_unseen_gets_no_stamp(tmp_path: Path) -> None:
    now = int(START * 1e9)
    with FactsCache(tmp_path, version="1", clock=Clock()) as cache:
        cache.put_stamps(
            {"/p/fresh.py": Stamp(now - 1_000_000_000, 1, b"a"), "/p/future.py": Stamp(now * 2, 1, b"b")}
        )
        cache.put_stamps({"/p/settled.py": Stamp(now - 3_000_000_000, 1, b"c")})
        assert set(cache.stamps_below("/p")) == {"/p/settled.py"}


# --- several processes -----------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from djguide_analyzers.facts.cache import FactsCache, Stamp
folder, name = Path(sys.argv[1]), sys.argv[2]
with FactsCache(folder, version="1") as cache:
    print("ready", flush=True)
    sys.stdin.readline()
    for turn in range(40):
        rows = [("facts", f"{name}-{turn}-{i}".encode(), name.encode() * 2_000) for i in range(20)]
        cache.put_many(rows + [("facts", b"shared", b"same")])
        cache.put_stamps({f"/{name}/{turn}.py": Stamp(1, 1, b"x")})
        assert len(cache.get_many("facts", [digest for _, digest, _ in rows])) == 20
    print(cache.problems, flush=True)
"""


def test_processes_writing_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    names = ["one", "two", "three"]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(folder), name],
            env={**os.environ, "PYTHONPATH": SOURCES},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for writer in writers:
        assert writer.stdout and writer.stdout.readline() == "ready\n"
    outputs = [writer.communicate("go\n") for writer in writers]
    assert [(out, err) for out, err in outputs] == [("[]\n", "")] * 3
    with FactsCache(folder, version="1") as cache:
        for name in names:
            keys = [f"{name}-{turn}-{i}".encode() for turn in range(40) for i in range(20)]
            assert len(cache.get_many("facts", keys)) == 800
            assert len(cache.stamps_below(f"/{name}")) == 40


def test_a_held_write_lock_costs_only_the_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "_LOCK_SECONDS", 0.01)
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many([("facts", b"a", b"1")])
        holder = sqlite3.connect(database(tmp_path), isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        cache.put_many([("facts", b"b", b"2")])
        assert cache.get_many("facts", [b"a", b"b"]) == {b"a": b"1"}
        holder.execute("ROLLBACK")
        holder.close()
        assert cache.problems == []
        cache._writes_paused_until = 0.0
        cache.put_many([("facts", b"b", b"2")])
        assert cache.get("facts", b"b") == b"2"


def test_a_file_locked_against_readers_is_a_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "_LOCK_SECONDS", 0.01)
    FactsCache(tmp_path, version="1").close()
    holder = sqlite3.connect(database(tmp_path), isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE stamps SET used = 0")
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.get("facts", b"a") is None
        assert cache.stamps_below("/p") == {}
        cache.put_many([("facts", b"a", b"1")])
        holder.execute("COMMIT")
        holder.close()
        assert cache.problems == []
        cache._paused_until = cache._writes_paused_until = 0.0
        cache.put_many([("facts", b"a", b"1")])
        assert cache.get("facts", b"a") == b"1"


# --- damage ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"this is not a database" * 100, b"SQLite format 3\x00" + b"\xff" * 5_000]
)
def test_a_file_that_is_no_database_is_replaced(tmp_path: Path, content: bytes) -> None:
    FactsCache(tmp_path, version="1").close()
    damaged = database(tmp_path)
    damaged.write_bytes(content)
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.get("facts", b"a") is None
        cache.put_many([("facts", b"a", b"1")])
        assert cache.get("facts", b"a") == b"1"
        assert len(cache.problems) == 1
        assert "was damaged and has been replaced" in cache.problems[0]
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.get("facts", b"a") == b"1"
        assert cache.problems == []
    assert database(tmp_path) != damaged


def test_a_database_without_our_tables_is_replaced(tmp_path: Path) -> None:
    FactsCache(tmp_path, version="1").close()
    with sqlite3.connect(database(tmp_path)) as other:
        other.execute("DROP TABLE blobs")
    other.close()
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.get("facts", b"a") is None
        assert len(cache.problems) == 1
        cache.put_many([("facts", b"a", b"1")])
        assert cache.get("facts", b"a") == b"1"


def test_a_truncated_file_is_replaced(tmp_path: Path) -> None:
    blobs = blobs_of(100, 5_000)
    keys = [key for _, key, _ in blobs]
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many(blobs)
    with database(tmp_path).open("r+b") as file:
        file.truncate(100_000)
    with FactsCache(tmp_path, version="1") as cache:
        cache.get_many("facts", keys)
        assert len(cache.problems) == 1
        cache.put_many(blobs)
        assert cache.get_many("facts", keys) == {key: data for _, key, data in blobs}


def test_damage_inside_a_blob_is_a_miss_of_that_blob(tmp_path: Path) -> None:
    blobs = [("facts", bytes([number]) * 16, bytes([65 + number]) * 40_000) for number in range(4)]
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many(blobs)
    file = database(tmp_path)
    content = bytearray(file.read_bytes())
    content[content.index(b"B" * 1_000) + 500] ^= 1
    file.write_bytes(content)
    with FactsCache(tmp_path, version="1") as cache:
        found = cache.get_many("facts", [key for _, key, _ in blobs])
        assert found == {key: data for _, key, data in blobs if not data.startswith(b"B")}
        cache.put_many(blobs)
        assert len(cache.get_many("facts", [key for _, key, _ in blobs])) == 4


@pytest.mark.parametrize("seed", range(25))
def test_random_damage_never_raises_and_never_yields_wrong_bytes(tmp_path: Path, seed: int) -> None:
    source = random.Random(seed)
    blobs = blobs_of(120, 700)
    expected = {key: data for _, key, data in blobs}
    with FactsCache(tmp_path, version="1") as cache:
        cache.put_many(blobs)
        cache.put_stamps({f"/p/{number}.py": Stamp(OLD_NS, 1, b"a" * 16) for number in range(200)})
    file = database(tmp_path)
    content = bytearray(file.read_bytes())
    for _ in range(source.choice([1, 10, 200, 2_000])):
        content[source.randrange(len(content))] = source.randrange(256)
    file.write_bytes(content)
    with FactsCache(tmp_path, version="1") as cache:
        found = cache.get_many("facts", expected)
        assert all(expected[key] == data for key, data in found.items())
        cache.stamps_below("/p")
        cache.put_many(blobs)
        again = cache.get_many("facts", expected)
        assert all(expected[key] == data for key, data in again.items())


def test_a_process_that_has_the_damaged_file_open_is_not_disturbed(tmp_path: Path) -> None:
    bystander = FactsCache(tmp_path, version="1")
    bystander.put_many([("facts", b"a", b"1")])
    with sqlite3.connect(database(tmp_path)) as other:
        other.execute("DROP TABLE stamps")
    other.close()
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.stamps_below("/p") == {}
        assert cache.problems
        cache.put_many([("facts", b"b", b"2")])
        assert bystander.get("facts", b"a") == b"1"
        bystander.close()
        assert cache.get("facts", b"b") == b"2"
        cache.put_many([("facts", b"c", b"3")])
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.get_many("facts", [b"b", b"c"]) == {b"b": b"2", b"c": b"3"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not remove files that are open")
def test_a_folder_emptied_while_in_use_is_filled_again(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with FactsCache(folder, version="1") as cache:
        cache.put_many([("facts", b"a", b"1")])
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
        cache.put_many([("facts", b"b", b"2")])
        cache.put_many([("facts", b"c", b"3")])
        assert cache.get("facts", b"c") == b"3"
    with FactsCache(folder, version="1") as cache:
        assert cache.get("facts", b"c") == b"3"


# --- no place to write -----------------------------------------------------------------------------------


def assert_does_nothing(cache: FactsCache) -> None:
    cache.put_many([("facts", b"a", b"1")])
    cache.put_stamps({"/p/a.py": Stamp(OLD_NS, 1, b"a")})
    cache.drop_stamps(["/p/a.py"])
    assert cache.get("facts", b"a") is None
    assert cache.stamp("/p/a.py") is None
    assert cache.stamps_below("/p") == {}
    assert len(cache.problems) == 1
    assert "cannot be written" in cache.problems[0]
    cache.close()


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert_does_nothing(FactsCache(tmp_path / "file" / "cache", version="1"))
    assert_does_nothing(FactsCache(tmp_path / "file", version="1"))


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """A folder that the test may list but not write in, as an ordinary user."""
    if sys.platform == "win32":
        pytest.skip("folder permissions work differently on Windows")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        FactsCache(folder / "filled", version="1").close()
        (folder / "empty").mkdir()
        for path in (folder / "filled", folder / "empty", folder):
            path.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65_534)
        yield folder
        os.seteuid(user)
        for path in (folder, folder / "filled", folder / "empty"):
            path.chmod(0o755)


@pytest.mark.parametrize("name", ["empty", "filled", "missing"])
def test_a_read_only_folder_is_told_once(foreign_folder: Path, name: str) -> None:
    assert_does_nothing(FactsCache(foreign_folder / name, version="1"))


FULL_DISK = """
import resource, sys
from pathlib import Path
from djguide_analyzers.facts.cache import FactsCache, Stamp
with FactsCache(Path(sys.argv[1]), version="1") as cache:
    cache.put_many([("facts", b"a", b"1")])
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    cache.put_many([("facts", b"big%d" % number, bytes(100_000)) for number in range(50)])
    cache.put_stamps({"/p/a.py": Stamp(1, 1, b"a")})
    print(cache.get("facts", b"a"), len(cache.problems), "cannot be written" in cache.problems[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX resource limits")
def test_a_full_disk_stops_the_writes_and_not_the_reads(tmp_path: Path) -> None:
    process = run_python(FULL_DISK, tmp_path)
    assert process.communicate() == ("b'1' 1 True\n", "")
    with FactsCache(tmp_path, version="1") as cache:
        assert cache.get("facts", b"a") == b"1"
        assert cache.problems == []


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "cache", tmp_path / "scratch"
    scratch.mkdir()
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from djguide_analyzers.facts.cache import FactsCache\n"
        "os.chdir(sys.argv[2])\n"
        "with FactsCache(Path(sys.argv[1]), version='1', limit_bytes=3_000_000) as cache:\n"
        "    for turn in range(4):\n"
        "        cache.put_many([('facts', b'%d-%d' % (turn, i), os.urandom(50_000)) for i in range(40)])\n"
        "        watched = [p for p in Path(sys.argv[2]).parent.rglob('*') if p.is_file()]\n"
        "        print(all(p.parent == Path(sys.argv[1]) for p in watched), bool(watched))\n"
    )
    environment = {name: str(scratch) for name in ("HOME", "TMPDIR", "SQLITE_TMPDIR", "XDG_CACHE_HOME")}
    result = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(scratch)],
        env={**os.environ, **environment, "PYTHONPATH": SOURCES, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.stdout, result.stderr) == ("True True\n" * 4, "")
    assert list(scratch.iterdir()) == []


def test_a_closed_cache_misses(tmp_path: Path) -> None:
    cache = FactsCache(tmp_path, version="1")
    cache.put_many([("facts", b"a", b"1")])
    cache.close()
    cache.close()
    assert cache.get("facts", b"a") is None
    cache.put_many([("facts", b"b", b"2")])
    assert cache.problems == []
