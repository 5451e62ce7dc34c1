"""What a network executes once: init makes the tables of expanded weights."""

from __future__ import annotations

from pathlib import Path

from codegen.reader.qdq import read_graph
from codegen.reference import run
from device.bench.estimate import Estimate
from device.bench.graph import read_graph as read_arrays
from device.bench.measure import Inputs, measure
from device.bench.ours import build, command
from device.bench.table import _init
from support.files import read_json
from tests.codegen.oracle import stored_inputs
from tests.codegen.shapes import Shaped
from tests.end_to_end.conftest import scons

# Of a table's word: the filters of two channels and one place are transformed, 16 bits each.
FEWEST, MOST = 10, 60


def network() -> Shaped:
    """Two convolutions that have tables where they may: 2,304 and 4,608 bytes."""
    return Shaped(8, 10, 12).conv(8).conv(16)


def test_the_bench_counts_init(tmp_path: Path) -> None:
    model = network().save(tmp_path / "net.onnx")
    graph = read_graph(model)
    given = stored_inputs(graph, 1, 4)
    made = run(graph, given)
    inputs = Inputs(given, made, given, made)
    command("codegen", "export", "--graph", "--model", model, "--out", tmp_path / "graph.npz")
    arrays = read_arrays(tmp_path / "graph.npz", macs=1)
    counted, costs = {}, []
    for tables in ("0", "48K"):
        folder = tmp_path / tables
        elf = build(model, "auto", None, folder, tables=tables)
        known = Estimate(1, None, 1)
        cost = measure((f"of {tables}", "bytes"), elf, arrays, inputs, tmp_path, known=known)
        assert cost.identical == (2 * made.size, 2 * made.size)
        counted[tables] = cost.init
        size = read_json(folder / "network_manifest.json")["tables_bytes"]
        costs.append({**cost.as_json(), "made": size})
    assert [cost["made"] for cost in costs] == [0, 6912]
    assert counted["0"] < 2_000
    words = 6912 // 4
    assert FEWEST * words < counted["48K"] - counted["0"] < MOST * words
    peer = {"title": "another runtime", "init": 7}
    assert _init([*costs, peer]) == (
        f"\nInstructions of init, once: of 0 {counted['0']:,}; of 48K {counted['48K']:,}, which "
        "makes 6,912 bytes of tables in RAM.\n"
    )


def test_profile_and_report_tell_init(tmp_path: Path) -> None:
    """Of a firmware with tables, then of one without, whose report has both."""
    model = network().save(tmp_path / "net.onnx")
    folder = tmp_path / "build"
    told = {}
    for tables in ("3K", "0"):
        words = (f"network={model}", "board=mps2_an500", f"table_memory={tables}", "subset_size=2")
        done = scons(folder, "profile", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert scons(folder, "report", *words).returncode == 0
        told[tables] = read_json(folder / "mps2_an500" / "profile.json")["init"]
        count = f"init, once: {told[tables]['instructions']:,} instructions, emulated; "
        made = "makes 2,304 bytes of tables in RAM" if tables == "3K" else "makes no tables"
        assert f"\n{count}{made}\n" in done.stdout
    words_made = 2304 // 4
    more = told["3K"]["instructions"] - told["0"]["instructions"]
    assert FEWEST * words_made < more < MOST * words_made
    first, last = read_json(folder / "mps2_an500" / "report.json")["builds"]
    assert first["figures"]["tables"] == 2304 and "tables" not in last["figures"]
    for build_, tables in ((first, "3K"), (last, "0")):
        assert build_["figures"]["init"] == told[tables]["instructions"]
        assert build_["facts"]["instructions of init"] == told[tables]["instructions"]
    assert first["facts"]["tables (bytes)"] == 2304
