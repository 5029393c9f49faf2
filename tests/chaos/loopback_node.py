"""`ray start` for a second node on the loopback interface, which Ray's command refuses, though it works.

The head listens there alone when RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER is 0, and the same switch lets the command refuse
any other node, and otherwise makes it use this machine's outer address.
"""

from ray._private import ray_constants, services
from ray.scripts import scripts


def main() -> None:
    """The command `ray`, of a node that may join and knows the loopback address as its own."""
    ray_constants.ENABLE_RAY_CLUSTER = True
    services.get_node_ip_address = lambda *_arguments, **_named: "127.0.0.1"
    scripts.main()


if __name__ == "__main__":
    main()
