"""The local cluster of docker-compose.yml, on a real container engine."""
