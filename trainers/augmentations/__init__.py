"""Random changes of images that keep their class, a whole batch at a time on the images' own device.

All draws come from the caller's CPU generator, so a seed gives the same views on any device.
"""
