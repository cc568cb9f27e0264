"""Arrays → a dataset that can be asked: splits, labels, counts, selections.

This room never encodes a picture and never sees a request.
"""
