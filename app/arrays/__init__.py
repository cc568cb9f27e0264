"""Bytes on disk → arrays that can be read by position.

This room knows zip and npy; it knows nothing of splits, labels, pictures or HTTP.
"""
