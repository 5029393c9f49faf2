"""The Ray Tune job of a sweep on one cluster: asks the ledger for trials, runs them, reports them.

The only place that knows Ray. The service starts it as `python -m trainers.runner`.
"""
