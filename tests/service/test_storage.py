"""The checkpoints of a deleted sweep, in a bucket; tests/service/operations/test_deletion.py has those on a disk."""

import pytest
from fakes.s3 import S3Server

from service.errors import StorageAway
from service.storage import delete_checkpoints

OTHERS = ["other", "sweeps/s10/000000/epoch-000001.pt", "sweeps/s2/000000/epoch-000001.pt"]


def put_sweep(s3: S3Server) -> None:
    s3.put(dict.fromkeys([*OTHERS, "sweeps/s1/000000/epoch-000001.pt", "sweeps/s1/000001/evaluation.json"], b"content"))


def test_all_that_a_sweep_has_goes_and_nothing_else(s3: S3Server) -> None:
    put_sweep(s3)
    delete_checkpoints(s3.url("sweeps"), "s1")
    assert s3.keys() == OTHERS
    delete_checkpoints(s3.url("sweeps"), "s1")
    assert s3.keys() == OTHERS


def test_a_bucket_that_is_away_keeps_them_and_says_so(s3: S3Server) -> None:
    put_sweep(s3)
    s3.stop()
    with pytest.raises(StorageAway, match=r"sweep s1 is still there, .* connect to server"):
        delete_checkpoints(s3.url("sweeps"), "s1")
    s3.start()
    assert len(s3.keys()) == 5


def test_a_bucket_that_does_not_exist_or_refuses_says_so(s3: S3Server) -> None:
    with pytest.raises(StorageAway, match="The specified bucket does not exist"):
        delete_checkpoints(f"s3://absent{s3.options}", "s1")
    with s3.refusing(), pytest.raises(StorageAway, match="ACCESS_DENIED"):
        delete_checkpoints(s3.url(), "s1")
