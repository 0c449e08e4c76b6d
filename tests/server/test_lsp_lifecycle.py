"""Beginning and end of a session, and what a broken client may send."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lsp_client import HERE, PUSH, REPOSITORY, Client, RpcError

Start = Callable[..., Client]


def test_importing_the_package_loads_no_protocol_library() -> None:
    code = (
        "import djguide_server.lsp, sys; print(sorted({'pygls', 'lsprotocol', 'cattrs'} & set(sys.modules)))"
    )
    roots = os.pathsep.join(str(REPOSITORY / name) for name in ("server", "analyzers"))
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": roots},
    )
    assert done.stdout == "[]\n"


def test_the_module_serves_on_stdio(start: Start) -> None:
    client = start([sys.executable, "-m", "djguide_server.lsp"])
    result = client.request("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
    assert result["serverInfo"]["name"] == "djguide"
    assert client.shutdown() == 0


def test_initialize_says_what_there_is(client: Client, tmp_path: Path) -> None:
    capabilities = client.initialize(tmp_path)
    assert capabilities["textDocumentSync"] == {
        "openClose": True,
        "change": 2,
        "save": {"includeText": False},
    }
    assert capabilities["codeActionProvider"] == {
        "codeActionKinds": ["quickfix", "source.fixAll.djguide", "refactor"]
    }
    assert capabilities["executeCommandProvider"] == {"commands": ["djguide.showReport", "djguide.showRule"]}
    assert "diagnosticProvider" not in capabilities
    assert client.shutdown() == 0


def test_nothing_happens_before_initialized(client: Client, tmp_path: Path) -> None:
    params = {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": PUSH}
    client.request("initialize", params)
    uri = client.open(tmp_path / "a.py", "teh")
    assert client.report() == {}
    client.notify("initialized", {})
    assert len(client.published(uri, 1)) == 1
    assert client.report()["roots"] == [tmp_path.as_posix()]


def test_requests_out_of_order_are_refused(client: Client, tmp_path: Path) -> None:
    with pytest.raises(RpcError) as early:
        client.request(
            "textDocument/hover", {"textDocument": {"uri": "x"}, "position": {"line": 0, "character": 0}}
        )
    client.initialize(tmp_path)
    with pytest.raises(RpcError) as twice:
        client.initialize(tmp_path)
    client.request("shutdown")
    with pytest.raises(RpcError) as late:
        client.report()
    assert (early.value.code, twice.value.code, late.value.code) == (-32002, -32600, -32600)
    client.notify("exit")
    assert client.exit_code() == 0


def test_exit_without_shutdown_is_an_error(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    client.notify("exit")
    assert client.exit_code() == 1


def test_exit_before_initialize(client: Client) -> None:
    client.notify("exit")
    assert client.exit_code() == 1


@pytest.mark.parametrize("phase", ["started", "initialized", "shut down"])
def test_the_end_of_input_ends_the_server(client: Client, tmp_path: Path, phase: str) -> None:
    if phase != "started":
        client.initialize(tmp_path)
        client.published(client.open(tmp_path / "a.py", "teh"))
    if phase == "shut down":
        client.request("shutdown")
    client.end_input()
    assert client.exit_code() == 0


def test_the_end_of_input_interrupts_the_analysis(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path)
    client.open(tmp_path / "a.py", "wait")
    client.end_input()
    assert client.exit_code() == 0


def test_a_client_that_reads_nothing_and_goes_away() -> None:
    roots = os.pathsep.join(str(REPOSITORY / name) for name in ("server", "analyzers"))
    command = [sys.executable, str(HERE / "lsp_fake.py")]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, env={**os.environ, "PYTHONPATH": roots}
    ) as process:
        assert process.stdin
        params = {"processId": None, "rootUri": None, "capabilities": {}}
        requests = [{"id": 1, "method": "initialize", "params": params}]
        requests += [{"id": n, "method": "unheard/" + "x" * 1000} for n in range(2, 200)]
        for request in requests:
            body = json.dumps({"jsonrpc": "2.0", **request}).encode()
            process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_client_that_no_longer_listens_when_it_says_goodbye() -> None:
    roots = os.pathsep.join(str(REPOSITORY / name) for name in ("server", "analyzers"))
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, str(HERE / "lsp_fake.py")], stdin=pipe, stdout=pipe, stderr=pipe,
        env={**os.environ, "PYTHONPATH": roots},
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        params = {"processId": None, "rootUri": None, "capabilities": {}}
        messages = [{"id": 1, "method": "initialize", "params": params}, {"id": 2, "method": "shutdown"}]
        for message in [*messages, {"method": "exit"}]:
            body = json.dumps({"jsonrpc": "2.0", **message}).encode()
            process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            process.stdin.flush()
            if message["method"] == "initialize":
                assert process.stdout.readline()
                process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_the_server_ends_with_its_parent(client: Client, tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        client.initialize(tmp_path, processId=parent.pid)
        client.published(client.open(tmp_path / "a.py", "teh"))
        assert client.process.poll() is None
    finally:
        parent.kill()
    # Not waited for: a parent that is a zombie is gone as well.
    assert client.exit_code() == 1
    parent.communicate()


def test_a_parent_that_cannot_be_seen_is_not_watched(client: Client, tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    client.initialize(tmp_path, processId=gone.pid)
    assert len(client.published(client.open(tmp_path / "a.py", "teh"))) == 1
    assert client.shutdown() == 0


def test_malformed_messages_get_an_error_and_the_server_goes_on(client: Client, tmp_path: Path) -> None:
    client.send_bytes(b"{nonsense")
    assert client.response(None)["error"]["code"] == -32700
    for odd in ([], 7, {"method": "x"}, {"jsonrpc": "2.0", "id": None, "method": "shutdown"}):
        client.send(odd)
        assert client.response(None)["error"]["code"] == -32600
    client.send_raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    client.send({"jsonrpc": "2.0", "id": 90, "method": 4})
    assert client.response(90)["error"]["code"] == -32600
    client.initialize(tmp_path)
    with pytest.raises(RpcError) as invalid:
        client.request("textDocument/hover", {"position": "here"})
    with pytest.raises(RpcError) as unknown:
        client.request("textDocument/fold", {})
    assert (invalid.value.code, unknown.value.code) == (-32602, -32601)
    client.notify("textDocument/didChange", {"textDocument": 4})
    client.notify("$/unheardOf", {"x": 1})
    client.notify("unheardOf")
    client.notify("$/cancelRequest", {"id": 12345})
    client.send({"jsonrpc": "2.0", "id": "unasked", "result": None})
    client.change("file:///not/open.py", 2, "x")
    client.close("file:///not/open.py")
    assert len(client.published(client.open(tmp_path / "a.py", "teh"))) == 1
    assert client.shutdown() == 0


def test_trace_folders_and_other_quiet_notifications(client: Client, tmp_path: Path) -> None:
    client.initialize(tmp_path, trace="verbose")
    client.notify("$/setTrace", {"value": "messages"})
    client.notify("workspace/didChangeConfiguration", {"settings": {}})
    client.notify("window/workDoneProgress/cancel", {"token": "x"})
    assert client.report()["roots"] == [tmp_path.as_posix()]
    assert client.all("window/logMessage") == client.all("window/showMessage") == []
    assert client.shutdown() == 0


def test_capabilities_that_the_protocol_library_rejects_do_not_keep_a_client_out(
    client: Client, tmp_path: Path
) -> None:
    odd = {
        **PUSH,
        "general": {"positionEncodings": ["utf-7", "utf-32"]},
        "textDocument": {"codeAction": "yes"},
    }
    capabilities = client.initialize(tmp_path, odd, trace="compact")
    assert capabilities["positionEncoding"] == "utf-32"


def test_serving_on_tcp(start: Start, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(HERE / "lsp_fake.py"), "--tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{REPOSITORY / 'server'}{os.pathsep}{REPOSITORY / 'analyzers'}"},
    )
    try:
        assert process.stdout
        port = int(process.stdout.readline().rsplit(b":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            params = {"processId": None, "rootUri": None, "capabilities": {}}
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}).encode()
            connection.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            assert b"Content-Length" in connection.recv(20)
        _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (0, b"")
    finally:
        process.kill()
        process.wait()


def test_an_address_that_is_taken_gives_a_message() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = f"from djguide_server.lsp import serve_tcp; serve_tcp('127.0.0.1', {port})"
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": f"{REPOSITORY / 'server'}{os.pathsep}{REPOSITORY / 'analyzers'}",
            },
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"djguide: cannot listen on 127.0.0.1:{port}:")
