"""How a program behind a link ended, by whichever way it was put there; and that a way is not allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bentpipe.errors import RunError


class NotAllowedError(RunError):
    """Namespaces cannot be had here."""


@dataclass(frozen=True)
class Outcome:
    """How a program behind a link ended.

    Parameters
    ----------
    exit_code : int
        Of the program; 128 and the number of the signal that ended it.
    account : dict
        What the link did, as :meth:`~bentpipe.emulate.account.Account.as_dict` tells it.
    """

    exit_code: int
    account: dict[str, Any]
