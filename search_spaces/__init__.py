"""WHAT may be swept: the vocabulary that the control plane, the runners and people share.

Pydantic and the standard library only, so that every side can import it.
"""
