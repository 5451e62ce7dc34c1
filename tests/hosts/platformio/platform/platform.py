"""A platform in the manner of PlatformIO's `native`: this computer's compiler."""

from platformio.public import PlatformBase


class NativePlatform(PlatformBase):  # type: ignore[misc]
    """Nothing beyond what every platform has."""
