"""Where the cloud is."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from support.errors import UserError

_BASE = "https://stm32ai-cs.st.com"
_SSO = "https://sso.st.com"
_CLIENT_ID = "oidc_prod_client_app_stm32ai"
# Another instance of the service, such as a test's.
BASE_VARIABLE, SSO_VARIABLE = "NN2FLASH_CLOUD_URL", "NN2FLASH_SSO_URL"


@dataclass(frozen=True)
class Endpoints:
    """Addresses without a slash at their end.

    Attributes:
        base: of the service.
        sso: of ST's single sign-on.
    """

    base: str = _BASE
    sso: str = _SSO

    @property
    def client_id(self) -> str:
        """What the service is called at the single sign-on."""
        return _CLIENT_ID

    @property
    def callback(self) -> str:
        """Where the sign-on sends a browser that has logged in."""
        return f"{self.base}/callback"

    @property
    def user(self) -> str:
        """The service that turns a sign-on's code into a token."""
        return f"{self.base}/api/user_service"

    @property
    def files(self) -> str:
        """The service that keeps models and generated code."""
        return f"{self.base}/api/file/files"

    @property
    def benchmark(self) -> str:
        """The board farm."""
        return f"{self.base}/api/benchmark"

    @property
    def versions(self) -> str:
        """The list of versions that the service offers."""
        return f"{self.base}/assets/versions.json"

    def core(self, version: str) -> str:
        """The tool as a service, of one version."""
        return f"{self.base}/api/{version}/stm32ai"


def endpoints() -> Endpoints:
    """The cloud, or what the environment names instead.

    Raises:
        UserError: an address that is not HTTPS (plain HTTP only to this computer).
    """
    base = os.environ.get(BASE_VARIABLE, _BASE).rstrip("/")
    sso = os.environ.get(SSO_VARIABLE, _SSO).rstrip("/")
    for name, address in ((BASE_VARIABLE, base), (SSO_VARIABLE, sso)):
        if not is_safe(address):
            raise UserError(f"{name}={address}: not an https:// address", "passwords go there")
    return Endpoints(base, sso)


def is_safe(address: str) -> bool:
    """Whether secrets may be sent there: HTTPS, or HTTP to a loopback address."""
    parts = urlsplit(address)
    if parts.scheme == "https":
        return bool(parts.hostname)
    try:
        return parts.scheme == "http" and ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
