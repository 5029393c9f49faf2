"""Changes that hold only for what their caller has seen (RFC 9110, section 13): versions against If-Match."""

from service.errors import PreconditionFailed


def etag_of(version: int) -> str:
    """The strong ETag of a version."""
    return f'"{version}"'


def check_version(if_match: str | None, version: int) -> None:
    """Raises PreconditionFailed when If-Match names versions and this one is not among them; none is no condition.

    Call it with the row locked, in the transaction that changes it.
    """
    if if_match is None:
        return
    accepted = [tag.strip() for tag in if_match.split(",")]
    if "*" not in accepted and etag_of(version) not in accepted:
        raise PreconditionFailed(
            f"If-Match is {if_match} and the version is {etag_of(version)} now: look at it again before you change it"
        )
