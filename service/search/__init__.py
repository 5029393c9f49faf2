"""WHAT to try next: designs drawn ahead, searches drawn one by one, trials stopped early.

The only place of the service that knows Optuna. Pure functions of the spec and the ledger's rows: the
same input gives the same answer, so nothing here has to be remembered.
"""
