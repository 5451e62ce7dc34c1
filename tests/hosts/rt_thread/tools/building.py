"""What a host of RT-Thread's kind builds with: groups of sources, flags that are strings."""

from pathlib import Path
from typing import Any

from SCons.Script import Dir, Export, File, SConscript

CURRENT: dict[str, Any] = {}
GROUPS: list[dict[str, Any]] = []


def PrepareBuilding(env: Any) -> Any:
    """Read the SConscripts with the one environment."""
    CURRENT["env"] = env
    Export(env=env)
    return SConscript("SConscript")


def DefineGroup(name: str, src: list[str], depend: list[str], **settings: Any) -> Any:
    """A group of sources; LOCAL_ flags are of its sources alone."""
    group = {**settings, "name": name, "src": File(sorted(set(src)))}
    shared = {"CPPPATH", "CPPDEFINES", "LIBS"} & settings.keys()
    CURRENT["env"].AppendUnique(**{key: settings[key] for key in sorted(shared)})
    GROUPS.append(group)
    return group["src"]


def DoBuilding(target: str) -> Any:
    """One object for each source, one program."""
    objects = []
    for group in GROUPS:
        local = {}
        if any(key.startswith("LOCAL_") for key in group):
            # SCons 4.5 and newer keep CPPDEFINES in a deque, which takes no list behind it.
            for key, none in (("CCFLAGS", ""), ("CPPDEFINES", [""])):
                local[key] = CURRENT["env"].get(key, none) + group.get(f"LOCAL_{key}", none)
        objects += [CURRENT["env"].Object(source, **local) for source in group["src"]]
    return CURRENT["env"].Program(target, objects)


def packages() -> list[str]:
    """Folders of packages/ that have a SConscript."""
    root = Path(Dir("#").abspath, "packages")
    return sorted(f"packages/{path.name}" for path in root.iterdir())
