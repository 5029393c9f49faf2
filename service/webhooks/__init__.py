"""Webhooks, sent: the outbox is emptied, every message signed as Standard Webhooks say and posted to checked addresses.

See https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""
