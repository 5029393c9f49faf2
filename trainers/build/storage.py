"""What stands behind a path or an s3:// URL on this machine."""

from pathlib import Path
from typing import Any

from search_spaces.locations import Bucket, is_url
from trainers.folders import BucketFolder, Folder, LocalFolder


def open_folder(location: str | Path) -> Folder:
    """The folder, which is made with its first file. Raises ValueError for a URL that names no bucket."""
    if not is_url(str(location)):
        return LocalFolder(Path(location))
    bucket = Bucket.parse(str(location))
    return BucketFolder(connect(bucket, tries=3), bucket.path)


def connect(bucket: Bucket, *, tries: int) -> Any:
    """The bucket's store as a pyarrow FileSystem, with the credentials of the environment. Calls nobody yet."""
    # Here, not above: it takes half a second, which folders are spared.
    from pyarrow import fs  # noqa: PLC0415

    return fs.S3FileSystem(**bucket.connection, retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=tries))
