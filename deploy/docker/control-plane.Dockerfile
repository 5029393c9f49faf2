# The control plane: the API, its background loops and the `supsweep` command. No PyTorch and no Ray.
#
#   docker build -f deploy/docker/control-plane.Dockerfile -t supsweep/control-plane .
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
# The numbers are fixed, so that volumes and Kubernetes' fsGroup can name them. A volume takes its owner from the folder.
RUN groupadd --gid 10001 supsweep \
 && useradd --uid 10001 --gid 10001 --create-home supsweep \
 && install --directory --owner=supsweep --group=supsweep /var/lib/supsweep /storage \
 && python -m venv --without-pip /opt/supsweep
# What our code needs changes more rarely than our code, so it has a layer of its own.
# The tests of SciPy, NumPy and others would be 55 MB of the image.
COPY pyproject.toml constraints.txt README.md LICENSE /dependencies/
RUN --mount=type=cache,target=/root/.cache/pip \
    mkdir /dependencies/service /dependencies/trainers /dependencies/search_spaces \
 && pip install --constraint /dependencies/constraints.txt '/dependencies[service,cli]' \
 && pip uninstall --yes supsweep \
 && rm -r /dependencies \
 && find /opt/supsweep -type d -name tests -prune -exec rm -r {} +
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-index --no-deps /wheels/*.whl

ENV SUPSWEEP_HOME=/var/lib/supsweep
WORKDIR /var/lib/supsweep
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as http; http.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["python", "-m", "service.serve", "--host", "0.0.0.0", "--port", "8000"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="supsweep control plane" \
      org.opencontainers.image.description="REST API and background loops of supsweep" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
