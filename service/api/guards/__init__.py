"""What every request passes before its route: hosts, rates, bodies, and the headers that every answer carries.

Plain ASGI middlewares, so that event streams flow through them unchanged.
"""
