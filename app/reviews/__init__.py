"""What people say about items: links, notes, collections, studies, answers, agreement.

The only room with a database; nothing of SQLAlchemy leaves it, and it never sees a request.
"""
