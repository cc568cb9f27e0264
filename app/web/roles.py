"""Who asks, as the gate (``access``) found out: the server's owner, or somebody else."""

from typing import Final, Literal

from starlette.requests import Request

Role = Literal["owner", "visitor"]

# Set by the gate.
ROLE: Final = "lightbox.role"


def role_of(request: Request) -> Role:
    """Give the role that the gate found."""
    role: Role = request.scope[ROLE]
    return role
