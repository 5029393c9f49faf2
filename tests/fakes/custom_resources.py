"""What the API server would make of our custom resources: the parts of their CRDs that we use, unknown fields refused.

Written from the CRDs of KubeRay 1.7.0 (ray.io/v1) and of the Prometheus Operator 0.93.0 (monitoring.coreos.com/v1). A
field that is missing here is not wrong: look it up there and add it. Pods are judged by Kubernetes' own schema.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Manifest = dict[str, Any]
Count = Annotated[int, Field(ge=0)]
Duration = Annotated[str, Field(pattern=r"^(\d+h)?(\d+m)?(\d+s)?$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class _Metadata(_Part):
    name: Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
    namespace: str


class _Key(_Part):
    name: str
    key: str


class _Source(_Part):
    secret_key_ref: _Key


class _Password(_Part):
    value_from: _Source


class _AuthOptions(_Part):
    mode: Literal["disabled", "token"]
    secret_name: str


class _AutoscalerOptions(_Part):
    """Its container's fields are judged by Kubernetes' own schema too."""

    version: Literal["v1", "v2"]
    idle_timeout_seconds: Count
    upscaling_mode: Literal["Default", "Aggressive", "Conservative"] = "Default"
    resources: Manifest
    env: list[Manifest]
    security_context: Manifest
    volume_mounts: list[Manifest]


class _GcsFaultToleranceOptions(_Part):
    redis_address: str
    redis_password: _Password


class _HeadGroup(_Part):
    ray_start_params: dict[str, str]
    template: Manifest


class _WorkerGroup(_Part):
    group_name: str
    replicas: Count = 0
    # The operator wants both where nothing scales the cluster.
    min_replicas: Count
    max_replicas: Count
    idle_timeout_seconds: Count | None = None
    priority: int = 0
    ray_start_params: dict[str, str]
    template: Manifest


class _RayClusterSpec(_Part):
    ray_version: str
    auth_options: _AuthOptions
    enable_in_tree_autoscaling: bool = False
    autoscaler_options: _AutoscalerOptions | None = None
    gcs_fault_tolerance_options: _GcsFaultToleranceOptions | None = None
    head_group_spec: _HeadGroup
    worker_group_specs: list[_WorkerGroup]


class RayCluster(_Part):
    """ray.io/v1."""

    api_version: Literal["ray.io/v1"]
    kind: Literal["RayCluster"]
    metadata: _Metadata
    spec: _RayClusterSpec


class _Authorization(_Part):
    credentials: _Key


class _Relabeling(_Part):
    target_label: str
    replacement: str


class _Endpoint(_Part):
    port: str
    path: str
    interval: Duration
    authorization: _Authorization
    relabelings: list[_Relabeling]


class _PodEndpoint(_Part):
    port: str
    interval: Duration
    relabelings: list[_Relabeling]


class _Selector(_Part):
    match_labels: dict[str, str]


class _ServiceMonitorSpec(_Part):
    selector: _Selector
    endpoints: list[_Endpoint]


class ServiceMonitor(_Part):
    """monitoring.coreos.com/v1."""

    api_version: Literal["monitoring.coreos.com/v1"]
    kind: Literal["ServiceMonitor"]
    metadata: _Metadata
    spec: _ServiceMonitorSpec


class _PodMonitorSpec(_Part):
    selector: _Selector
    pod_metrics_endpoints: list[_PodEndpoint]


class PodMonitor(_Part):
    """monitoring.coreos.com/v1."""

    api_version: Literal["monitoring.coreos.com/v1"]
    kind: Literal["PodMonitor"]
    metadata: _Metadata
    spec: _PodMonitorSpec


CUSTOM_RESOURCES = {"PodMonitor": PodMonitor, "RayCluster": RayCluster, "ServiceMonitor": ServiceMonitor}
