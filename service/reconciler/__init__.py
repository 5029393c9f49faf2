"""Desired state → observed state. One file per state of a sweep; each step may run twice.

The loop claims a due sweep and hands a picture of it to the step of its state. A step talks to clusters
with no transaction open, and writes only through its claim, which refuses once it has been lost.
"""
