"""Arrays → encoded pictures: one image, one sheet, one slice, a volume, the mean of many.

This room knows no HTTP, and labels by their values only, for which it tells pixels apart.
"""
