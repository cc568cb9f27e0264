"""What is published: facts about known datasets as data, and getting their files.

This room never opens an array.
"""
