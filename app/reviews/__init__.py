"""Links, notes, collections, studies, answers and how well they agree; the room with a database.

This room never sees a request and never hands out a database row.
"""
