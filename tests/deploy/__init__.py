"""The configuration of ``deploy/``, run as far as one machine without containers can."""
