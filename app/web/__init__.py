"""HTTP only: addresses in, pages, pictures and JSON out.

This room computes nothing about the data; it asks the rooms below and draws what they say.
"""
