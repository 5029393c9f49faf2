"""Exports: a sweep's trials as a table that anybody can read, and the report's facts read back out of one.

The columns are said once, in `trial_table` and `curve_table`; CSV and Parquet hold the same cells.
"""
