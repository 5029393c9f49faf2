"""Where the ledger disagrees with its own rules, with clusters and with MLflow.

Each module but `picture` and `repairs` compares with one of them, without I/O: what they say was read before. Nothing
is found where something may just be on its way.
"""
