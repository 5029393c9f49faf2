#!/bin/sh
# Writes the Secrets that the manifests name to standard output, with new random values:
#
#   sh deploy/kuberay/secrets.sh try | kubectl create --filename -
#   SUPSWEEP_DATABASE_URL=postgresql+asyncpg://… MLFLOW_BACKEND_STORE_URI=postgresql://… \
#     sh deploy/kuberay/secrets.sh production | kubectl create --filename -
#
# `create`, not `apply`: secrets that are there stay, for what SUPSWEEP_SECRET_KEYS has sealed is closed without it. Keep
# a copy of that one apart from the backups of the database.
set -eu

hex() {
    od -An -N32 -tx1 /dev/urandom | tr -d ' \n'
}

# secret NAME KEY=VALUE…
secret() {
    printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  namespace: supsweep\nstringData:\n' "$1"
    shift
    for pair in "$@"; do
        printf "  %s: '%s'\n" "${pair%%=*}" "$(printf %s "${pair#*=}" | sed "s/'/''/g")"
    done
}

case ${1:-} in
    try)
        password=$(hex)
        SUPSWEEP_DATABASE_URL=postgresql+asyncpg://supsweep:$password@postgres:5432/supsweep
        MLFLOW_BACKEND_STORE_URI=postgresql://supsweep:$password@postgres:5432/mlflow
        secret postgres "password=$password"
        ;;
    production)
        : "${SUPSWEEP_DATABASE_URL:?is the database of the ledger: postgresql+asyncpg://user:password@host:5432/supsweep}"
        : "${MLFLOW_BACKEND_STORE_URI:?is the database of MLflow: postgresql://user:password@host:5432/mlflow}"
        secret redis "password=$(hex)"
        set --
        if [ -n "${AWS_ACCESS_KEY_ID:-}" ]; then
            : "${AWS_SECRET_ACCESS_KEY:?goes with AWS_ACCESS_KEY_ID}"
            set -- "AWS_ACCESS_KEY_ID=$AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY"
            [ -z "${AWS_SESSION_TOKEN:-}" ] || set -- "$@" "AWS_SESSION_TOKEN=$AWS_SESSION_TOKEN"
        fi
        [ -z "${AWS_DEFAULT_REGION:-}" ] || set -- "$@" "AWS_DEFAULT_REGION=$AWS_DEFAULT_REGION"
        [ $# -eq 0 ] || secret s3 "$@"
        ;;
    *)
        echo "secrets.sh: ${1:-nothing} is no overlay; accepted: try, production" >&2
        exit 2
        ;;
esac
secret database "SUPSWEEP_DATABASE_URL=$SUPSWEEP_DATABASE_URL" "MLFLOW_BACKEND_STORE_URI=$MLFLOW_BACKEND_STORE_URI"
# A Fernet key is 32 bytes in the base64 of URLs.
fernet_key=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_')
secret control-plane "SUPSWEEP_SECRET_KEYS=$fernet_key" "SUPSWEEP_METRICS_TOKEN=$(hex)"
secret ray "auth_token=$(hex)"
