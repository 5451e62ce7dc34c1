"""`ai=cloud` through the whole build, with a stand-in cloud that serves a stand-in bundle."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.device.cloud.standin_cloud import PASSWORD, USER, Cloud, Server
from tests.graph.project import copy_tree

IDENTICAL = "160/160 output bytes identical to the reference"


def test_ai_cloud_asks_once_and_rebuilds_offline(
    tmp_path: Path,
    project: Callable[..., Path],
    model: Path,
    inputs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = project(release="10.2")
    zipped = Path(shutil.make_archive(str(tmp_path / "bundle"), "zip", bundle))
    tree = copy_tree(
        tmp_path / "tree", board="mps2_an500", network=str(model), inputs=str(inputs),
        subset_size="40", ai="cloud", cloud_version="10.2.0", werror="1",
    )  # fmt: skip
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("STM32AI_USERNAME", USER)
    monkeypatch.setenv("STM32AI_PASSWORD", PASSWORD)
    with Server(Cloud(zipped=zipped.read_bytes())) as server:
        server.thread.start()
        monkeypatch.setenv("NN2FLASH_CLOUD_URL", server.address)
        monkeypatch.setenv("NN2FLASH_SSO_URL", server.address)
        run = tree.build("sim")
        assert IDENTICAL in run.output
        (order,) = server.cloud.orders
        assert b'"name": "RAM"' in server.cloud.pools[0]
        measured = tree.build("cloud-benchmark", cloud_board="STM32H750B-DK")
        assert "142,000" in measured.output
        server.shutdown()
    # By X-CUBE-AI's number; the interface is that version's default.
    assert order["version"] == "2.2.0"
    assert order["extraCommandLineArguments"] == "--c-api legacy"
    assert "version 2.2.0 of ST's tool, interface legacy" in run.output
    # Offline from here on.
    assert not tree.build().commands
    tree.build("-c")
    assert not tree.path("build/network-cloud-mps2_an500/network.zip").exists()
    assert IDENTICAL in tree.build("sim").output
    failed = tree.scons(ai_options="--optimization ram")
    assert failed.status != 0
    assert "cannot be reached" in failed.output
    assert PASSWORD not in run.output + failed.output
