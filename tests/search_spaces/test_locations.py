"""Folders and s3:// URLs, and what is refused as one."""

import pytest

from search_spaces.locations import Bucket, allowed_bucket, below, check_location

REACHED = "?endpoint_override=[::1]:9000&scheme=http&region=eu-1"


@pytest.mark.parametrize(
    ("url", "bucket"),
    [
        ("s3://data", Bucket("data")),
        ("s3://data/", Bucket("data")),
        ("s3://data/cats/..and(dogs)/", Bucket("data/cats/..and(dogs)")),
        (f"s3://data/cats{REACHED}", Bucket("data/cats", "[::1]:9000", "http", "eu-1")),
        ("s3://data?endpoint_override=minio.house%3A9000", Bucket("data", "minio.house:9000")),
    ],
)
def test_a_url_names_a_prefix_and_how_it_is_reached(url: str, bucket: Bucket) -> None:
    assert Bucket.parse(url) == bucket
    assert Bucket.parse(str(bucket)) == bucket


@pytest.mark.parametrize(
    "url",
    [
        "gs://hunter2/prefix",
        "file:///hunter2",
        "http://hunter2",
        "S3://hunter2",
        "s3://",
        "s3://a",
        "s3:///hunter2",
        "s3://Hunter2",
        "s3://key:hunter2@data/cats",
        "s3://data/../hunter2",
        "s3://data/cats/..",
        "s3://data/..?region=hunter2",
        "s3://data/./hunter2",
        "s3://data//hunter2",
        "s3://data/hunter2#fragment",
        "s3://data/%2e%2e/hunter2",
        "s3://data/hunter2\n",
        "s3://data?access_key=hunter2",
        "s3://data?secret_key=hunter2&scheme=http",
        "s3://data?scheme=ftp&region=hunter2",
        "s3://data?endpoint_override=http://hunter2:9000",
        "s3://data?endpoint_override=user:hunter2@minio:9000",
        "s3://data?region=hunter2&region=other",
        "s3://data?region=",
        "s3://data?hunter2",
        "s3://data?",
    ],
)
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"accepted: s3://bucket/prefix, .* without credentials") as refused:
        check_location(url)
    assert "hunter2" not in str(refused.value)


def test_a_folder_is_any_other_text() -> None:
    assert check_location("/data/odd?name#of:a folder") == "/data/odd?name#of:a folder"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("/storage", "/storage/name"),
        ("/storage/", "/storage/name"),
        ("/", "/name"),
        ("/what?", "/what?/name"),
        ("s3://data", "s3://data/name"),
        (f"s3://data/cats/{REACHED}", f"s3://data/cats/name{REACHED}"),
    ],
)
def test_what_lies_below_is_reached_alike(location: str, expected: str) -> None:
    assert below(location, "name") == expected


def test_a_prefix_is_reached_like_the_allowed_one_that_it_lies_in() -> None:
    allowed = ["/data", "s3://other", f"s3://data/animals{REACHED}"]
    for name in ("s3://data/animals", "s3://data/animals/cats", "s3://data/animals/"):
        bucket = allowed_bucket(name, allowed)
        assert bucket is not None
        assert bucket == Bucket(name.removeprefix("s3://").rstrip("/"), "[::1]:9000", "http", "eu-1")


@pytest.mark.parametrize("url", ["s3://data", "s3://data/animals-evil", "s3://data-evil/animals", "s3://animals"])
def test_a_prefix_that_only_looks_like_an_allowed_one_is_none(url: str) -> None:
    assert allowed_bucket(url, ["/", "s3://data/animals"]) is None
    assert allowed_bucket("s3://data-evil", ["s3://data"]) is None
