"""One machine: the API, a local Ray head and an MLflow server as child processes of one command.

What starts, for small machines (measured on Linux, resident memory with shared pages counted once): Ray's head with
its dashboard, which serves the Jobs API (0.7 GB, of which up to 150 MiB more for its object store); one MLflow worker
under its supervisor (0.4 GB); the API (0.2 GB); a watchdog. Everything listens on the loopback interface alone.
"""
