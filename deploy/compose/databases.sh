#!/bin/bash
# Makes a database for the ledger and one for MLflow, each with an owner who sees nothing of the other. PostgreSQL's image
# runs it once, when its volume is empty.
set -euo pipefail

make_database() {
    psql --set=ON_ERROR_STOP=1 --set=name="$1" --set=password="$2" --dbname=postgres <<'END'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
END
}

make_database supsweep "$SUPSWEEP_DATABASE_PASSWORD"
make_database mlflow "$MLFLOW_DATABASE_PASSWORD"
