"""Names of keys, such as ``Ctrl+Shift+E``: one spelling each. No Qt."""

from __future__ import annotations

from typing import Final

_MODIFIERS: Final = ("Ctrl", "Alt", "Shift", "Meta")
"""In the order in which they are written."""
_ALIASES: Final = {
    "control": "Ctrl",
    "ctl": "Ctrl",
    "cmd": "Ctrl",
    "option": "Alt",
    "super": "Meta",
    "win": "Meta",
    "enter": "Return",
    "escape": "Esc",
    "delete": "Del",
    "insert": "Ins",
    "pgup": "PgUp",
    "pageup": "PgUp",
    "pgdown": "PgDown",
    "pagedown": "PgDown",
    "backtab": "Tab",
    "plus": "+",
    "minus": "-",
}
_NAMED: Final = (
    "Space",
    "Return",
    "Esc",
    "Tab",
    "Backspace",
    "Del",
    "Ins",
    "Home",
    "End",
    "PgUp",
    "PgDown",
    "Left",
    "Right",
    "Up",
    "Down",
    "Menu",
    *(f"F{number}" for number in range(1, 36)),
)
_BY_FOLDED: Final = {name.lower(): name for name in (*_MODIFIERS, *_NAMED)} | _ALIASES


def normal(text: str) -> str:
    """A key in its one spelling.

    Raises:
        ValueError: It names no key.
    """
    parts = _parts(text)
    modifiers = [_BY_FOLDED.get(part.lower(), "") for part in parts[:-1]]
    key = _BY_FOLDED.get(parts[-1].lower(), parts[-1])
    if parts[-1].lower() == "backtab":
        modifiers.append("Shift")
    if key in _MODIFIERS or not all(one in _MODIFIERS for one in modifiers):
        raise ValueError(f"{text!r} names no key")
    if key not in _NAMED:
        if len(key) != 1 or not key.isprintable() or key.isspace():
            raise ValueError(f"{text!r} names no key")
        key = key.upper()
    return "+".join([*(one for one in _MODIFIERS if one in modifiers), key])


def candidates(text: str) -> tuple[str, ...]:
    """What a pressed key may have been bound as: ``Shift+?`` is what ``?`` needs on most boards."""
    key = normal(text)
    plain = key.removeprefix("Shift+")
    if plain != key and len(plain) == 1 and not plain.isalnum():
        return key, plain
    return (key,)


def _parts(text: str) -> list[str]:
    stripped = text.strip()
    if not stripped:
        raise ValueError("no key at all")
    if stripped == "+":
        return ["+"]
    if stripped.endswith("++"):
        return [*stripped[:-2].split("+"), "+"]
    return [part.strip() for part in stripped.split("+")]
