"""Whose certificates are trusted when a cluster is spoken to over https."""

import ssl


def tls_context(*, verify: bool, ca_certificate: str | None) -> ssl.SSLContext | None:
    """How to check a cluster's certificate; none trusts the usual authorities.

    `ca_certificate`: PEM of the only authority that is trusted. Not `verify` trusts whoever answers. Raises
    ValueError for a text that is no certificate.
    """
    if verify and ca_certificate is None:
        return None
    try:
        context = ssl.create_default_context(cadata=ca_certificate)
    except ssl.SSLError as error:
        raise ValueError(f"a CA certificate in PEM, -----BEGIN CERTIFICATE----- and so on ({error.reason})") from error
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
