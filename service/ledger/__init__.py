"""The service's own record of every trial, the only truth.

Each module is one thing that can happen to it. Functions take a session and the time, write rows and
events, and never commit. Invariant: every planned (arm, point, replicate) gets exactly one outcome,
and only the runner of a trial's newest attempt is believed.
"""
