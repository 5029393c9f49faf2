# The MLflow server, for PostgreSQL and for artifacts in a folder or on S3. Apart from the control plane's image: it brings
# a hundred packages, and nothing of ours.
#
#   docker build -f deploy/docker/mlflow.Dockerfile -t supsweep/mlflow .
ARG PYTHON_VERSION=3.11
ARG BASE_IMAGE=python:${PYTHON_VERSION}-slim-bookworm

FROM ${BASE_IMAGE}
ENV PATH=/opt/mlflow/bin:$PATH \
    PIP_PYTHON=/opt/mlflow/bin/python \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1
RUN groupadd --gid 10001 mlflow \
 && useradd --uid 10001 --gid 10001 --create-home mlflow \
 && install --directory --owner=mlflow --group=mlflow /var/lib/mlflow \
 && python -m venv --without-pip /opt/mlflow
COPY constraints.txt /tmp/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --constraint /tmp/constraints.txt mlflow psycopg2-binary boto3

# Its background jobs take 1 GB and do nothing for us; it tells nobody of its use.
ENV MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
    MLFLOW_DISABLE_TELEMETRY=true
WORKDIR /var/lib/mlflow
USER 10001:10001
EXPOSE 5000
HEALTHCHECK --interval=5s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import urllib.request as http; http.urlopen('http://127.0.0.1:5000/health', timeout=4)"]
# The rest comes from MLFLOW_… variables: a password on the command line would be in everybody's list of processes.
CMD ["mlflow", "server", "--host", "0.0.0.0", "--port", "5000", "--workers", "1"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="supsweep MLflow server" \
      org.opencontainers.image.description="MLflow server with what supsweep's deployments need" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
