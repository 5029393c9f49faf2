"""A runner opens what its service allows, whatever links or words lead elsewhere."""

from pathlib import Path

import pytest

from trainers.datasets.roots import check_root


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    """A folder for datasets, beside one that is nobody's business."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "data" / "cats").mkdir(parents=True)
    return tmp_path / "data"


def test_an_allowed_folder_and_what_lies_in_it_may_be_opened(allowed: Path) -> None:
    for root in (allowed, allowed / "cats", allowed / "not yet downloaded"):
        check_root(str(root), ["/elsewhere", str(allowed)])
    check_root(str(allowed), ["/"])
    check_root(None, [])


def test_another_folder_is_refused(allowed: Path) -> None:
    others = ["/etc", "/", str(allowed.parent), f"{allowed}-other", str(allowed / ".." / "secret")]
    for root in others:
        with pytest.raises(ValueError, match=r"dataset\.root cannot be .* accepted: folders in"):
            check_root(root, [str(allowed)])
    with pytest.raises(ValueError, match="accepted: folders in none"):
        check_root(str(allowed), [])


def test_a_link_that_leads_out_is_followed_and_refused(allowed: Path) -> None:
    (allowed / "link").symlink_to(allowed.parent / "secret")
    (allowed / "deep").symlink_to("link/..")
    for name in ("link", "link/below", "deep"):
        with pytest.raises(ValueError, match="which is"):
            check_root(str(allowed / name), [str(allowed)])


def test_a_link_to_the_allowed_folder_is_as_good_as_it(allowed: Path) -> None:
    (allowed.parent / "mount").symlink_to(allowed)
    check_root(str(allowed.parent / "mount" / "cats"), [str(allowed)])
    check_root(str(allowed / "cats"), [str(allowed.parent / "mount")])
