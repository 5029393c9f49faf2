"""All SQL: one file per noun with its table and its queries, the sessions, and the migrations.

The only place that imports SQLAlchemy. Queries never commit: a session from `Database` does at its end.
"""
