"""Orders: uploaded once, waited for, taken up again, downloaded whole, never asked for twice."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from device.cli import main as device_main
from device.cloud import cache
from device.cloud.benchmark import as_text, benchmark
from device.cloud.generate import Order, generate
from device.cloud.runs import Patience
from device.cloud.service import Service
from support.errors import UserError
from support.files import read_json
from tests.device.cloud.conftest import HURRY, a_zip
from tests.device.cloud.standin_cloud import ACCESS, PASSWORD, REFRESH, Cloud, Server

REPOSITORY = Path(__file__).resolve().parents[3]


def test_an_order_becomes_a_zip_with_its_record(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    cloud.states = [{"state": state} for state in ("in_queue", "generating_sources", "done")]
    pools = tmp_path / "pools.json"
    pools.write_text('{"memory": 1}')
    ordered = replace(order, memory_pool=pools, options="--optimization ram", c_api="st-ai")
    out = tmp_path / "out" / "network.zip"
    record = generate(lambda: service, ordered, out, HURRY)
    assert out.read_bytes() == cloud.zipped
    assert record["sha256"] == hashlib.sha256(cloud.zipped).hexdigest()
    assert record["version"] == "3.0.0"
    assert read_json(tmp_path / "out" / "network.json") == record
    (asked,) = cloud.orders
    assert asked["version"] == "3.0.0"
    assert asked["includeLibraryForSerie"] == "STM32H7"
    assert asked["includeLibraryForIde"] == "gcc"
    assert asked["extraCommandLineArguments"] == "--c-api st-ai --optimization ram"
    assert asked["inputDataType"] == asked["outputDataType"] == "int8"
    assert cloud.pools == [b'{"memory": 1}']
    assert list(cloud.models) == [asked["model"]]
    assert hashlib.sha256(b"a model").hexdigest()[:16] in asked["model"]
    assert sorted(path.name for path in out.parent.iterdir()) == ["network.json", "network.zip"]


def test_a_finished_download_needs_no_network(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    before = len(cloud.requests)

    def connect() -> Service:
        raise AssertionError("connected")

    record = generate(connect, order, tmp_path / "b.zip", HURRY)
    assert (tmp_path / "b.zip").read_bytes() == cloud.zipped
    assert record["version"] == "3.0.0"
    assert len(cloud.requests) == before
    for other in (
        replace(order, name="x"),
        replace(order, version="2.2.0"),
        replace(order, options="-v 1"),
    ):
        with pytest.raises(AssertionError, match="connected"):
            generate(connect, other, tmp_path / "c.zip", HURRY)
    order.model.write_bytes(b"another model")
    with pytest.raises(AssertionError, match="connected"):
        generate(connect, order, tmp_path / "c.zip", HURRY)


def test_a_damaged_cache_is_not_used(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    (kept,) = cache.cache_folder().glob("*.zip")
    kept.write_bytes(kept.read_bytes()[:-1])
    generate(lambda: service, order, tmp_path / "b.zip", HURRY)
    assert (tmp_path / "b.zip").read_bytes() == cloud.zipped
    assert len(cloud.orders) == 2
    # The model is in the account's library already.
    assert cloud.count("POST /api/file/files/models") == 1


def test_an_interrupted_run_is_taken_up_again(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    cloud.states = [{"state": "in_queue"}]
    with pytest.raises(UserError, match="'in_queue' for") as caught:
        generate(lambda: service, order, tmp_path / "a.zip", Patience(0.01, 0.1))
    assert "same run" in caught.value.remedy
    cloud.states = [{"state": "done"}]
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    assert len(cloud.orders) == 1
    assert not (tmp_path / "a.run.json").exists()


def test_a_run_that_the_cloud_forgot_is_started_anew(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    cloud.states = [{"state": "in_queue"}]
    with pytest.raises(UserError):
        generate(lambda: service, order, tmp_path / "a.zip", Patience(0.01, 0.05))
    cloud.orders.append({})
    cloud.states = [{"state": "done"}]
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    assert len(cloud.orders) == 3


def test_trouble_while_waiting_passes(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    cloud.failing["/api/3.0.0/stm32ai/run"] = 3
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    assert len(cloud.orders) == 1


def test_a_failed_run_is_told_and_not_waited_for_again(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    cloud.states = [{"state": "in_queue"}, {"state": "error", "message": "E010: bad\n  model"}]
    with pytest.raises(UserError, match="failed in ST's cloud: E010: bad model"):
        generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    cloud.states = [{"state": "done"}]
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    assert len(cloud.orders) == 2


def test_a_refused_order(cloud: Cloud, service: Service, order: Order, tmp_path: Path) -> None:
    cloud.garbled = ("/api/file",)
    with pytest.raises(UserError, match="not JSON"):
        generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    cloud.garbled = ()
    cloud.failing["/api/3.0.0/stm32ai/generate"] = 99
    with pytest.raises(UserError, match=r"did not start to generate \(status 503"):
        generate(lambda: service, order, tmp_path / "a.zip", HURRY)


def test_why_an_order_is_refused_is_told(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    """The answer has status 200 and a reason in place of a run."""

    class Forgetful(dict[str, int]):
        def __contains__(self, key: object) -> bool:
            return False

    cloud.models = Forgetful()
    with pytest.raises(UserError, match=r"did not start .* \(status 200\) model not found"):
        generate(lambda: service, order, tmp_path / "a.zip", HURRY)


def test_a_run_with_a_result_is_done_whatever_its_state_is_called(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    result = {"url": "https://x.invalid/a/b/bundle-1.zip", "graph": {}, "report": {}}
    cloud.states = [{"state": "running"}, {"state": "complete", "result": result}]
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    assert cloud.polls == 2


def test_versions(cloud: Cloud, service: Service, order: Order, tmp_path: Path) -> None:
    # By either number; a release of X-CUBE-AI is one of ST Edge AI Core.
    for number in ("2.2.0", "10.2.0"):
        generate(lambda: service, replace(order, version=number), tmp_path / "a.zip", HURRY)
        assert cloud.orders[-1]["version"] == "2.2.0"
        assert cloud.orders[-1]["extraCommandLineArguments"] == "--c-api legacy"
    # One that has no choice of interfaces is not asked for one.
    generate(lambda: service, replace(order, version="8.1.0"), tmp_path / "a.zip", HURRY)
    assert cloud.orders[-1]["extraCommandLineArguments"] == ""
    count = len(cloud.orders)
    with pytest.raises(UserError, match=r"8\.1\.0 of ST's tool has no interface st-ai") as caught:
        newer = replace(order, version="8.1.0", c_api="st-ai")
        generate(lambda: service, newer, tmp_path / "a.zip", HURRY)
    assert "c_api=legacy" in caught.value.remedy
    assert len(cloud.orders) == count
    with pytest.raises(UserError, match=r"cloud_version=2\.2\.1: not offered") as caught:
        generate(lambda: service, replace(order, version="2.2.1"), tmp_path / "b.zip", HURRY)
    assert "2.2.0" in caught.value.remedy


def test_a_download_that_is_cut_off_is_asked_for_again(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    cloud.cut = 2
    generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    assert (tmp_path / "a.zip").read_bytes() == cloud.zipped
    assert cloud.count("GET /api/file/files/generated") == 3


def broken() -> bytes:
    """A zip with a flipped byte in its member."""
    data = bytearray(a_zip())
    data[100] ^= 0xFF
    return bytes(data)


def bomb() -> bytes:
    """A zip that says it unpacks to gigabytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("network.c", b"x")
    data = bytearray(out.getvalue())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (0xFFFFFFFE).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", a_zip()[:-30], broken(), bomb()]
)
def test_what_is_no_whole_zip_is_not_kept(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path, content: bytes
) -> None:
    cloud.zipped = content
    with pytest.raises(UserError, match="could not be downloaded: it is not a whole zip"):
        generate(lambda: service, order, tmp_path / "a.zip", HURRY)
    assert not list(tmp_path.glob("a.*"))
    assert not cache.cache_folder().exists()


# --- benchmark ------------------------------------------------------------------------------------


def test_a_benchmark_on_the_farm(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    states = ("in_queue", "waiting_for_build", "building", "flashing", "validation", "done")
    cloud.states = [{"state": state} for state in states]
    record, pools = tmp_path / "run.json", tmp_path / "pools.json"
    pools.write_text('{"memory": {"mempools": []}}')
    with_pools = replace(order, memory_pool=pools)
    measured = benchmark(service, with_pools, "stm32h750b-dk", record, HURRY)
    assert measured["cycles"] == 142_000
    assert measured["runtime_flash"] == 9408
    ((board, body),) = cloud.benchmarks
    assert board == "stm32h750b-dk"
    assert body["model"] == order.model_name
    assert "includeLibraryForSerie" not in body
    assert body["mpool"] == {"memory": {"mempools": []}}
    assert "142,000" in as_text(measured)
    assert not record.exists()


def test_a_board_that_the_farm_has_not(service: Service, order: Order, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cloud_board=STM32H750X-DK: not in ST's farm") as caught:
        benchmark(service, order, "STM32H750X-DK", tmp_path / "run.json", HURRY)
    assert "STM32H750B-DK" in caught.value.remedy


def test_a_benchmark_that_fails(
    cloud: Cloud, service: Service, order: Order, tmp_path: Path
) -> None:
    cloud.states = [{"state": "error", "board": "x", "message": "flash too small"}]
    with pytest.raises(UserError, match="flash too small"):
        benchmark(service, order, "STM32H750B-DK", tmp_path / "run.json", HURRY)


# --- the commands ---------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["a.json", "a.run.json", "model.json"])
def test_saboteur_what_is_written_beside_the_zip(
    file: str, server: Server, order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records of an order and its run are named after the zip: a user's file may be called so."""
    path = tmp_path / file
    path.write_text('{"mine": 1}')
    words = ["cloud-generate", "--model", str(order.model), "--out"]
    if file == "model.json":
        words += [str(tmp_path / "model.zip"), "--memory-pool", str(path)]
        reason = "is what is to be read"
    else:
        words.append(str(tmp_path / "a.zip"))
        reason = "was not written by nn2flash"
    monkeypatch.setattr(sys, "argv", ["device", *words])
    with pytest.raises(UserError, match=f"{file}: {reason}"):
        device_main()
    assert path.read_text() == '{"mine": 1}'


def test_the_commands_show_no_secret(server: Server, order: Order, tmp_path: Path) -> None:
    board = "firmware/boards/stm32h750b_dk/board.toml"
    model = ["--model", str(order.model)]
    commands = (
        ["cloud-login"],
        ["cloud-generate", *model, "--out", str(tmp_path / "made" / "network.zip")],
        ["cloud-benchmark", *model, "--board", board, "--json", str(tmp_path / "made" / "b.json")],
        ["cloud-logout"],
    )
    shown = ""
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "device", *command],
            cwd=REPOSITORY, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        shown += done.stdout + done.stderr
    assert "logged in" in shown
    assert "SHA-256" in shown
    assert "version 3.0.0 of ST's tool, interface legacy" in shown
    assert "142,000" in shown
    made = [path.read_text(errors="replace") for path in (tmp_path / "made").iterdir()]
    cached = [path.read_text(errors="replace") for path in cache.cache_folder().iterdir()]
    for secret in (PASSWORD, ACCESS, REFRESH, "secret-code"):
        assert secret not in shown
        assert not any(secret in text for text in (*made, *cached))
    assert json.loads((tmp_path / "made" / "b.json").read_text())["cycles"] == 142_000
