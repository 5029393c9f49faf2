"""The checkpoints of sweeps, on a folder that the clusters share or in a bucket. Runners write them; we delete them."""

import shutil
from pathlib import Path

from search_spaces.locations import Bucket, below, is_url
from service.errors import StorageAway


def delete_checkpoints(storage: str, sweep_id: str) -> None:
    """Deletes all that the sweep has in the storage. Raises StorageAway, with some of it gone perhaps."""
    place = below(storage, sweep_id)
    try:
        if is_url(place):
            _delete_prefix(Bucket.parse(place))
        else:
            shutil.rmtree(Path(place))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StorageAway(f"sweep {sweep_id} is still there, its checkpoints could not be deleted: {error}") from error


def _delete_prefix(bucket: Bucket) -> None:
    # Here, not above: it takes half a second, which a service with a folder is spared.
    from pyarrow import fs  # noqa: PLC0415

    fs.S3FileSystem(**bucket.connection).delete_dir(bucket.path)
