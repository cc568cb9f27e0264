"""Chosen items → files to take away: rows, pictures, arrays, each with its origin and licence.

Files come as blocks of bytes, in one pass and with flat memory. This room knows no HTTP.
"""
