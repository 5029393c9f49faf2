"""Secrets in the logs of runners: nobody prints them on purpose, and a dump of an environment prints them all."""

import hashlib
import re

REDACTED = "<redacted>"

TOKEN_LENGTH = 43
"""Characters of a runner's token: 32 random bytes in base64 for URLs."""
_LIKE_A_TOKEN = re.compile(rf"(?<![\w-])[\w-]{{{TOKEN_LENGTH}}}(?![\w-])", re.ASCII)

_NAMED = re.compile(
    r"""((?:SUPSWEEP_RUNNER_TOKEN|SUPSWEEP_API_KEY|SUPSWEEP_SECRET_KEYS|RAY_AUTH_TOKEN)['"]?\s*[=:]\s*['"]?)[^\s'",}]+"""
)
_BEARER = re.compile(r"(\bBearer\s+)[\w.~+/=-]{8,}", re.ASCII | re.IGNORECASE)
_API_KEY = re.compile(r"\bsws_\w+", re.ASCII)


def redact(text: str, token_sha256: str) -> str:
    """The text without the token of that hash, and without whatever looks like a secret of ours."""
    text = _LIKE_A_TOKEN.sub(lambda found: REDACTED if _sha256(found[0]) == token_sha256 else found[0], text)
    text = _NAMED.sub(rf"\g<1>{REDACTED}", text)
    text = _BEARER.sub(rf"\g<1>{REDACTED}", text)
    return _API_KEY.sub(REDACTED, text)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
