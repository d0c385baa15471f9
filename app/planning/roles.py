"""Who may do what: three roles, each of which may do what those before it may; and who it is that acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["viewer", "operator", "admin"]
"""viewer: sees everything and changes nothing. operator: daily work (sync, decide on holds, try again, pause and
resume). admin: mappings and their rules, connections, accounts, erasing."""

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: `actor` is how the audit names them (`user:anna`, `key:lab`); `site_id` None: at every site."""

    actor: str
    role: Role
    site_id: int | None = None

    def may(self, needed: Role) -> bool:
        """Whether this role includes the one that is needed."""
        return ROLES.index(self.role) >= ROLES.index(needed)

    def sees(self, site_id: int | None) -> bool:
        """Whether something of this site (None: of no single site) is theirs to see and to steer."""
        return self.site_id is None or self.site_id == site_id
