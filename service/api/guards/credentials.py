"""The key or token that a caller shows, read as the routes read it: however its header is written, it is one."""

from fastapi.security.utils import get_authorization_scheme_param
from starlette.datastructures import Headers


def credential_of(headers: Headers) -> str:
    """What the caller shows as its bearer token; empty where it shows none."""
    scheme, credential = get_authorization_scheme_param(headers.get("authorization"))
    return credential if scheme.lower() == "bearer" else ""
