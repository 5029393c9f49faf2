"""The fifteen common corruptions of arXiv:1903.12261 in five severities, a batch of images at a time on their device.

Own code after the published constants, since the published code takes one image at a time and none under 32 pixels.
docs/evaluation.md names every difference.
"""
