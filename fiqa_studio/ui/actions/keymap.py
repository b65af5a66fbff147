"""One keymap for the whole window: a profile, with the user's own keys over it.

Which action a key stands for depends only on what is in the centre, never on a widget: grid,
loupe, compare and rating share this one table. An action's own `Action.keys` are the Lightroom
profile; other profiles say where they differ.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.keys import candidates, normal

_LOG = logging.getLogger(__name__)

LIGHTROOM: Final = "lightroom"
PROFILES: Final[Mapping[str, str]] = {
    LIGHTROOM: "Like Lightroom",
    "darktable": "Like darktable",
    "digikam": "Like digiKam",
}
"""Profiles by name, with their titles."""


@dataclass(frozen=True, slots=True)
class Bindings:
    """What the user chose: a profile, and keys of one's own by id of the action.

    An empty tuple leaves an action without a key. Ids that no feature has are kept: the feature
    may be back tomorrow.
    """

    profile: str = LIGHTROOM
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_keys(self, action_id: str, keys: Sequence[str] | None) -> Bindings:
        """With other keys for an action; None for those of the profile."""
        own = {name: value for name, value in self.own.items() if name != action_id}
        if keys is not None:
            own[action_id] = tuple(normal(key) for key in keys)
        return Bindings(self.profile, own)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A key that two actions want at the same place; the first of them has it."""

    key: str
    actions: tuple[str, str]


class Keymap:
    """The keys of all actions.

    Args:
        actions: In the order of the features; where two want a key, the user's own choice wins
            over the profile's, then the earlier action.
        bindings: What the user chose.

    Attributes:
        bindings: As given.
    """

    def __init__(self, actions: Iterable[Action], bindings: Bindings | None = None) -> None:
        self.bindings = bindings or Bindings()
        self._actions = tuple(actions)
        own = self.bindings.own
        self._wanted = {action.id: self._choose(action) for action in self._actions}
        self._conflicts: list[Conflict] = []
        self._keys: dict[str, tuple[str, ...]] = {}
        self._taken: dict[str, list[Action]] = {}
        # The user's own first: whoever rebinds a key means it.
        for action in sorted(self._actions, key=lambda one: one.id not in own):
            self._keys[action.id] = tuple(
                key for key in self._wanted[action.id] if self._take(key, action)
            )

    def keys_of(self, action_id: str) -> tuple[str, ...]:
        """The keys that an action really has, the shown one first. Raises `KeyError`."""
        return self._keys[action_id]

    def wanted(self, action_id: str) -> tuple[str, ...]:
        """The keys that it should have, also those another action took. Raises `KeyError`."""
        return self._wanted[action_id]

    @property
    def conflicts(self) -> Sequence[Conflict]:
        """Keys that two actions want."""
        return tuple(self._conflicts)

    def conflicts_of(self, action_id: str) -> list[Conflict]:
        """Those an action has a part in."""
        return [one for one in self._conflicts if action_id in one.actions]

    def is_own(self, action_id: str) -> bool:
        """Whether the user chose its keys."""
        return action_id in self.bindings.own

    def action_for(self, key: str, area: str, *, focused: bool | None = None) -> Action | None:
        """What a pressed key does while an area stands in the centre; None for nothing."""
        try:
            names = candidates(key)
        except ValueError:  # a key of no name, such as a modifier alone
            return None
        for name in names:
            for action in self._taken.get(name, ()):
                if _meet((area,), action.areas) and focused in (None, action.focused):
                    return action
        return None

    def _choose(self, action: Action) -> tuple[str, ...]:
        own = self.bindings.own.get(action.id)
        if own is not None:
            return own
        keys = action.profile_keys.get(self.bindings.profile, action.keys)
        return tuple(normal(key) for key in keys)

    def _take(self, key: str, action: Action) -> bool:
        holders = self._taken.setdefault(key, [])
        for holder in holders:
            if holder is not action and _meet(holder.areas, action.areas):
                self._conflicts.append(Conflict(key, (holder.id, action.id)))
                return False
        holders.append(action)
        return True


def _meet(first: tuple[str, ...], second: tuple[str, ...]) -> bool:
    """Whether there is an area in which both count; empty stands for all."""
    return not first or not second or not set(first).isdisjoint(second)
