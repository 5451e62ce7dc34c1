"""Which files a generated network consists of."""

from __future__ import annotations

ASSEMBLY = "_assembly.S"
# What `generate` writes, by C interface and suffix of the network's name. The build must know the
# list before any model exists, and asks for it often: this module needs no other.
_EITHER = {
    "_config.h": "network/network_config.h.j2",
    "_kernels.h": "network/network_kernels.h.j2",
    "_kernels.c": "network/network_kernels.c.j2",
    ASSEMBLY: "network/network_assembly.S.j2",
    "_io.h": "network/network_io.h.j2",
    "_io.c": "network/network_io.c.j2",
    "_preprocess.h": "network/network_preprocess.h.j2",
    "_preprocess.c": "network/network_preprocess.c.j2",
    "_selftest.h": "network/network_selftest.h.j2",
    "_generate_report.txt": "network/network_generate_report.txt.j2",
}
TEMPLATES = {
    "legacy": {
        ".h": "network/network.h.j2",
        ".c": "network/network.c.j2",
        "_data.h": "network/network_data.h.j2",
        "_data.c": "network/network_data.c.j2",
        "_data_params.h": "network/network_data_params.h.j2",
        "_data_params.c": "network/network_data_params.c.j2",
        "_selftest.c": "network/network_selftest.c.j2",
        **_EITHER,
    },
    "st-ai": {
        ".h": "network_stai/network.h.j2",
        ".c": "network_stai/network.c.j2",
        "_data.h": "network_stai/network_data.h.j2",
        "_data.c": "network_stai/network_data.c.j2",
        "_details.h": "network_stai/network_details.h.j2",
        "_selftest.c": "network_stai/network_selftest.c.j2",
        **_EITHER,
    },
}
LEGACY = "legacy"
MANIFEST = "_manifest.json"


def outputs(name: str, c_api: str = LEGACY) -> list[str]:
    """File names that `generate` writes for a network called `name`."""
    return [name + suffix for suffix in (*TEMPLATES[c_api], MANIFEST)]
