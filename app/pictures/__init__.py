"""Arrays → encoded pictures: one image, one sheet, one slice.

This room knows no HTTP and no labels.
"""
