"""A host of SCons keeps its own state, environment and rules; networks get what they need."""

from __future__ import annotations

import json
import shutil
import stat
import sys
from pathlib import Path

import pytest

from tests.embed.hosts import Host, make_host
from tests.embed.machines import COMPILER, MACHINES
from tests.graph.project import NEWEST_SCONS, SCONS, copy_tree, files_below

# Everything that a host may rely on, as text, before and after our SConscript.
STATE = """
import json, os, sys
import SCons.Node.Alias, SCons.Node.FS, SCons.SConsign, SCons.Script, SCons.Script.Main

def state(env):
    return {
        "environment": {key: repr(value) for key, value in env.Dictionary().items()},
        "builders": {name: repr((builder.emitter, getattr(builder.action, "generator", None)))
            for name, builder in env["BUILDERS"].items()},
        "decider": repr((env.decide_source, env.decide_target)),
        "cache": repr(getattr(env, "_CacheDir_path", None)),
        "signatures": repr((SCons.SConsign.DB_Name, SCons.SConsign.DB_Module)),
        "defaults": [str(target) for target in SCons.Script.DEFAULT_TARGETS],
        "targets": repr((SCons.Script.BUILD_TARGETS, SCons.Script.COMMAND_LINE_TARGETS)),
        "arguments": repr((SCons.Script.ARGUMENTS, SCons.Script.ARGLIST)),
        "options": repr(sorted(vars(SCons.Script.Main.OptionsParser.values).items(), key=repr)),
        "help": repr(SCons.Script.help_text),
        "aliases": sorted(map(str, SCons.Node.Alias.default_ans)),
        "process": repr((sorted(os.environ.items()), sys.path, os.getcwd())),
        "modules": sorted(name for name, module in sys.modules.items()
            if not name.startswith(("SCons", "site_tools.")) and "nn2flash" in
            (getattr(module, "__file__", None) or "")),
        "drift": SCons.Node.FS.get_default_fs().max_drift,
    }
"""


BOARD = ', "board": "mps2_an500"'


@pytest.mark.parametrize(
    ("board", "scons"),
    [("", SCONS), (BOARD, SCONS), (BOARD, NEWEST_SCONS)],
    ids=("library", "board", "newest"),
)
def test_nothing_of_the_host_changes(board: str, scons: str, scons_host: Host) -> None:
    scons_host.replace("SConstruct", '"c_api": api', f'"c_api": api{board}')
    scons_host.replace("SConstruct", "nets = [", "before = state(env)\nnets = [")
    script = (scons_host.root / "SConstruct").read_text()
    (scons_host.root / "SConstruct").write_text(
        STATE
        + script.replace("env = Environment()", HOSTS_OWN).replace(
            "for net in nets:", "print(json.dumps([before, state(env)]))\nfor net in nets:", 1
        )
    )
    run = scons_host.run(scons, "-Q", "-n", "mine=1")
    assert run.status == 0, run.output
    before, after = json.loads(next(x for x in run.output.splitlines() if x.startswith("[")))
    assert before == after
    assert "mine" in after["arguments"]


# A host with habits of its own.
HOSTS_OWN = """
env = Environment(CCFLAGS=["-O1"], name="ours", board="ours", network="ours", dest="ours")
env.Decider("content-timestamp")
env.CacheDir("cache")
env.Alias("ours", env.Command("ours.txt", [], Touch("$TARGET")))
Default("ours")
Help("ours")
"""


def test_modules_and_tools_of_the_host_keep_their_names(scons_host: Host) -> None:
    """A host may have a tool called `settings` and modules called as our packages."""
    tools = scons_host.root / "site_scons" / "site_tools"
    tools.mkdir(parents=True)
    tool = "def generate(env):\n    env['OURS'] = __file__\n\ndef exists(env):\n    return True\n"
    for name in ("settings", "package_commands", "firmware"):
        (tools / f"{name}.py").write_text(tool)
    for name in ("codegen", "support", "jinja2"):
        (scons_host.root / name).mkdir()
        (scons_host.root / name / "__init__.py").write_text("raise SystemExit('the host is run')")
    (scons_host.root / "numpy.py").write_text("raise SystemExit('the host is run')")
    scons_host.replace(
        "SConstruct", "env = Environment()", 'env = Environment(tools=["default", "settings"])'
    )
    scons_host.append(
        "SConstruct",
        'env.Tool("package_commands")\nimport settings\n'
        'assert "vendor" not in env["OURS"] + settings.__file__\n',
    )
    run = scons_host.scons()
    assert run.status == 0, run.output
    scons_host.check("./product")


def test_asked_for_nothing_else_is_made(scons_host: Host) -> None:
    """A host without Default() builds all that lies below it: no data set, no test images."""
    assert scons_host.scons().status == 0
    suffixes = {path.suffix for path in (scons_host.root / "build").rglob("*") if path.is_file()}
    assert suffixes == {".c", ".h", ".S", ".o", ".a", ".json", ".txt"}
    scons_host.append("SConstruct", 'Default(nets[0]["subset"] + nets[0]["reference"])\n')
    made = scons_host.scons().output
    assert "SUBSET" in made
    assert "REFERENCE" in made


def test_nodes_lead_to_files(scons_host: Host) -> None:
    """What SConscript returns, by name, is what docs/embedding.md says it is."""
    scons_host.append(
        "SConstruct",
        "import json\n"
        "nodes = {k: [str(n) for n in v] for k, v in nets[0].items() if k != 'attach'}\n"
        "print(json.dumps(nodes))\n",
    )
    run = scons_host.scons()
    assert run.status == 0, run.output
    nodes = json.loads(next(x for x in run.output.splitlines() if x.startswith("{")))
    root = scons_host.root
    assert nodes["library"] == ["build/digits/libdigits.a"]
    assert all((root / folder).is_dir() for folder in nodes["include"])
    assert {Path(path).name for path in nodes["headers"]} >= {"digits.h", "ai_platform.h"}
    assert all((root / path).is_file() for path in nodes["headers"])
    (manifest,) = nodes["manifest"]
    assert json.loads((root / manifest).read_text())["name"] == "digits"
    (report,) = nodes["report"]
    assert "digits" in (root / report).read_text()


def test_host_writes_packages(scons_host: Host) -> None:
    """`dest` is seen from the host's top folder, and is written to when asked for."""
    scons_host.replace("SConstruct", '"c_api": api', '"c_api": api, "dest": f"out/{name}"')
    scons_host.append("SConstruct", 'Alias("package", [net["package"] for net in nets])\n')
    assert scons_host.scons("product").status == 0
    assert not (scons_host.root / "out").exists()
    assert scons_host.scons("package").status == 0
    for name in ("digits", "gearbox"):
        assert (scons_host.root / "out" / name / "manifest.json").is_file()


def test_host_makes_the_model_itself(scons_host: Host) -> None:
    """`network` may be a node, and params are arguments: numbers and nodes, left as they are."""
    (scons_host.root / "digits.onnx").rename(scons_host.root / "trained.onnx")
    scons_host.replace(
        "SConstruct",
        'f"{name}.onnx", "c_api"',
        'models[name], "subset_size": 3, "c_api"',
    )
    scons_host.replace(
        "SConstruct",
        "nets = [",
        'copy = env.Command("build/made.onnx", "trained.onnx", Copy("$TARGET", "$SOURCE"))\n'
        'models = {"digits": copy, "gearbox": File("gearbox.onnx")}\nnets = [',
    )
    assert scons_host.scons().status == 0
    (scons_host.root / "digits.onnx").symlink_to("build/made.onnx")
    scons_host.check("./product")
    run = scons_host.scons("-D")
    assert not run.made


def test_from_another_folder_and_with_spaces(tmp_path: Path, vendor: Path) -> None:
    host = make_host(tmp_path / "a host" / "here", "scons", {"vendor/nn2flash": vendor})
    (host.root / "src").mkdir()
    run = host.run(SCONS, "-Q", "-D", cwd="src")
    assert run.status == 0, run.output
    host.check("./product")
    assert not host.scons().made


def test_one_network_in_two_environments(scons_host: Host) -> None:
    """For the computer and for a Cortex-M7: the compiler's own archiver and flags, and QEMU."""
    machine = MACHINES["cortex-m7"]
    cross = (scons_host.root / "SConstruct").read_text()
    for old, new in (
        ("env = Environment()", f"env = Environment({machine.scons_arguments()})"),
        ('f"build/{name}"', 'f"arm/{name}"'),
        ('"product", ["main.c"', '"cross", [env.Object("cross.o", "main.c"), "startup.c"'),
    ):
        assert old in cross
        cross = cross.replace(old, new)
    scons_host.append("SConstruct", cross)
    machine.copy_to(scons_host.root)
    run = scons_host.scons()
    assert run.status == 0, run.output
    assert f"{COMPILER}-ar rc arm/digits/libdigits.a" in run.output
    assembled = [x for x in run.output.splitlines() if "arm/digits/obj/digits_assembly.S.o" in x]
    assert machine.flags[0] in assembled[0]
    scons_host.check("./product")
    machine.check(scons_host, "cross.elf")


def test_a_board_gives_firmware_of_ours_too(scons_host: Host) -> None:
    scons_host.replace("SConstruct", '"c_api": api', '"c_api": api, "board": "mps2_an500"')
    scons_host.append("SConstruct", 'Alias("sim", nets[0]["sim"])\nDefault("product")\n')
    run = scons_host.scons("sim")
    assert run.status == 0, run.output
    assert "bytes identical to the reference" in run.output


def test_hosts_share_a_cache(tmp_path: Path, vendor: Path) -> None:
    """A second clone generates and compiles nothing."""
    runs = []
    for name in ("one", "another"):
        host = make_host(tmp_path / name, "scons", {"vendor/nn2flash": vendor})
        host.append("SConstruct", 'env.CacheDir("../cache")\n')
        host.replace("SConstruct", "nets = [", 'env.CacheDir("../cache")\nnets = [')
        runs.append(host.scons())
        assert runs[-1].status == 0, runs[-1].output
        host.check("./product")
    assert runs[0].made
    assert not runs[1].made
    assert "Retrieved `product' from cache" in runs[1].output


def test_read_only_vendor_tree(tmp_path: Path) -> None:
    """Nothing is written beside the sources that a host took in."""
    vendor = tmp_path / "nn2flash"
    copy_tree(vendor)

    def tree() -> dict[str, bytes]:
        return {name: data for name, data in files_below(vendor).items() if ".pyc" not in name}

    folders = [vendor, *(p for p in vendor.rglob("*") if p.is_dir() and not p.is_symlink())]
    before = tree()
    for folder in folders:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        host = make_host(tmp_path / "host", "scons", {"vendor/nn2flash": vendor})
        assert host.scons().status == 0
        host.check("./product")
    finally:
        for folder in folders:
            folder.chmod(stat.S_IRWXU)
    assert tree() == before


MISTAKES = {
    "two networks with one name": (
        ('f"{name}.onnx"', 'f"{api}.onnx"', '"name": name', '"name": "digits"'),
        "two networks are called 'digits'",
    ),
    "one folder for two": (
        ('variant_dir=f"build/{name}"', 'variant_dir="build/nets"'),
        "give each its own variant_dir",
    ),
    "no folder": (
        ('        variant_dir=f"build/{name}",\n        duplicate=0,\n', ""),
        "say where to build it: SConscript(…, variant_dir=FOLDER)",
    ),
    "the top level's variable": (
        ('"c_api": api', '"c_api": api, "cache_dir": "cache"'),
        "cache_dir= is yours to decide: call CacheDir() in your SConstruct",
    ),
    "a misspelled variable": (('"c_api": api', '"capi": api'), "did you mean 'c_api'?"),
    "no such model": (('f"{name}.onnx"', '"none.onnx"'), "none.onnx: no such file"),
    "a name of the C library": (('"name": name', '"name": "math"'), "'math'"),
    "no compiler": (("env = Environment()", "env = Environment(tools=[])"), "no C compiler"),
    "an older SCons": (
        ("env = Environment()", 'import SCons\nSCons.__version__ = "4.3.0"\nenv = Environment()'),
        "SCons 4.4 or greater required, but you have SCons 4.3.0",
    ),
    "ST's runtime": (
        ('"c_api": api', '"c_api": api, "ai": "bundle", "bundle": "."'),
        "only the built-in network comes as a library",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_gets_one_message(mistake: str, scons_host: Host) -> None:
    edits, message = MISTAKES[mistake]
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        scons_host.replace("SConstruct", old, new)
    for api in ("legacy", "st-ai"):
        (scons_host.root / f"{api}.onnx").symlink_to("digits.onnx")
    run = scons_host.scons()
    assert run.status != 0
    assert message in run.output
    assert "Traceback" not in run.output
    assert not (scons_host.root / "product").exists()


def test_what_a_failed_command_wrote_does_not_stay(vendor: Path, tmp_path: Path) -> None:
    """It would pass for what the host's record tells of, as soon as the model is the old one."""
    tree = tmp_path / "nn2flash"
    shutil.copytree(vendor, tree, symlinks=True, ignore=shutil.ignore_patterns(".venv"))
    host = make_host(tmp_path / "host", "scons", {"vendor/nn2flash": tree})
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(0o755)
    made = host.root / "build" / "digits" / "network-digits" / "digits_data.c"

    def build(fails: str) -> int:
        command = (SCONS, "-Q", str(made.relative_to(host.root)))
        python.write_text(f'#!/bin/sh\n"{sys.executable}" "$@" && exit {fails}\n')
        return host.run(*command, NN2FLASH_PYTHON=str(python)).status

    assert build(fails="0") == 0
    model, before = (host.root / "digits.onnx").read_bytes(), made.read_bytes()
    host.retrain("digits")
    assert build(fails="1") == 2
    (host.root / "digits.onnx").write_bytes(model)
    assert build(fails="0") == 0
    assert made.read_bytes() == before
