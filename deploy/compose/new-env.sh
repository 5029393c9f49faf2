#!/bin/sh
# Writes .env with new secrets for docker-compose.yml: sh deploy/compose/new-env.sh
set -eu
cd "$(dirname "$0")/../.."

if [ -e .env ]; then
    echo ".env is there already and stays as it is: what it opens would be closed without it" >&2
    exit 1
fi

secret() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# 32 bytes in the base64 of URLs, as Fernet takes them.
fernet_key() {
    head -c 32 /dev/urandom | base64 | tr '+/' '-_'
}

umask 077
cat > .env.new <<END
# Secrets of docker-compose.yml. Keep a copy apart from the backups of the databases: SUPSWEEP_SECRET_KEYS opens what is
# sealed in them. Nobody else may read this file. Everything else that can be set is in docs/compose.md.
POSTGRES_PASSWORD=$(secret)
SUPSWEEP_DATABASE_PASSWORD=$(secret)
MLFLOW_DATABASE_PASSWORD=$(secret)
SUPSWEEP_SECRET_KEYS=$(fernet_key)
SUPSWEEP_METRICS_TOKEN=$(secret)
RAY_AUTH_TOKEN=$(secret)
GRAFANA_PASSWORD=$(secret)
END
mv .env.new .env
echo ".env is written; now: docker compose up --detach --wait"
