# A node of a Ray cluster, head or worker: PyTorch, Ray and the trainers.
#
#   docker build -f deploy/docker/ray.Dockerfile -t supsweep/ray .
#
# PyTorch comes with CUDA and runs on a CPU too. A smaller one for CPUs alone, or another CUDA:
#   --build-arg TORCH_INDEX_URL=…    an index of https://pytorch.org/get-started/locally
ARG PYTHON_VERSION=3.11
ARG BASE_IMAGE=python:${PYTHON_VERSION}-slim-bookworm

# Our own code as a wheel; what builds it stays behind.
FROM ${BASE_IMAGE} AS wheel
WORKDIR /source
COPY constraints.txt .
RUN --mount=type=cache,target=/root/.cache/pip pip install --constraint constraints.txt hatchling
COPY . .
RUN python -m hatchling build -t wheel -d /wheels

FROM ${BASE_IMAGE}
ENV PATH=/opt/supsweep/bin:$PATH \
    PIP_PYTHON=/opt/supsweep/bin/python \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1
# wget asks whether a node is well, here and in KubeRay's probes. The numbers are those of the control plane's image:
# both write to one storage.
# hadolint ignore=DL3008  # Debian keeps one version of a package, so naming it would break the build at its next mend
RUN apt-get update \
 && apt-get install --yes --no-install-recommends wget \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 supsweep \
 && useradd --uid 10001 --gid 10001 --create-home --shell /bin/bash supsweep \
 && install --directory --owner=supsweep --group=supsweep /storage /data \
 && python -m venv --without-pip /opt/supsweep
COPY constraints.txt /dependencies/
# PyTorch is nine tenths of the image and changes most rarely.
ARG TORCH_INDEX_URL=""
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} \
        --constraint /dependencies/constraints.txt torch torchvision
COPY pyproject.toml README.md LICENSE /dependencies/
RUN --mount=type=cache,target=/root/.cache/pip \
    mkdir /dependencies/service /dependencies/trainers /dependencies/search_spaces \
 && pip install --constraint /dependencies/constraints.txt '/dependencies[trainers]' \
 && pip uninstall --yes supsweep \
 && rm -r /dependencies
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-index --no-deps /wheels/*.whl
COPY --chmod=755 deploy/docker/ray-node /usr/local/bin/ray-node

# A head wants a token unless it is told otherwise; a worker shows none unless it is told to. Ray would count itself at
# its makers'. One thread per process unless a trial asks for more: trials run side by side.
ENV RAY_AUTH_MODE=token \
    RAY_USAGE_STATS_ENABLED=0 \
    OMP_NUM_THREADS=1
WORKDIR /home/supsweep
USER 10001:10001
# GCS, dashboard and Jobs API, metrics
EXPOSE 6379 8265 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=90s --retries=6 CMD ["ray-node", "health"]
CMD ["ray-node", "head"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="supsweep Ray node" \
      org.opencontainers.image.description="Ray with PyTorch and the trainers of supsweep" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
