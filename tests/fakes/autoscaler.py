"""Ray's own autoscaler deciding on a cluster that is nowhere."""

from ray.autoscaler.v2.instance_manager.config import NodeTypeConfig
from ray.autoscaler.v2.scheduler import ResourceDemandScheduler, SchedulingRequest
from ray.autoscaler.v2.utils import ResourceRequestUtil
from ray.core.generated.autoscaler_pb2 import ClusterResourceConstraint


def nodes_for(wish: list[dict[str, float]], nodes: int, most_nodes: int) -> int:
    """How many nodes of one CPU the cluster is made to have, which has so many and may have so many."""
    workers = NodeTypeConfig(name="worker", min_worker_nodes=nodes, max_worker_nodes=most_nodes, resources={"CPU": 1.0})
    requests = ResourceRequestUtil.group_by_count([ResourceRequestUtil.make(bundle) for bundle in wish])
    request = SchedulingRequest(
        disable_launch_config_check=True,
        node_type_configs={"worker": workers},
        cluster_resource_constraints=[ClusterResourceConstraint(resource_requests=requests)],
    )
    return sum(launch.count for launch in ResourceDemandScheduler().schedule(request).to_launch)
