"""What every window has: its menus, moving about, undo, the palette, the theme, help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.ui.actions.action import Action, State, with_library
from fiqa_studio.ui.actions.feature import Feature, MenuAt, Page
from fiqa_studio.ui.shell.moves import MOVES

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from fiqa_studio.ui.actions.context import Context


def _quit(context: Context) -> None:
    context.window.quit()


def _full_screen(context: Context) -> None:
    window = context.window.widget
    if window.isFullScreen():
        window.showNormal()
    else:
        window.showFullScreen()


def _theme(name: str, title: str, icon: str) -> Action:
    def put_on(context: Context) -> None:
        from fiqa_studio.ui import theme  # noqa: PLC0415 - a feature's module stays light

        context.settings["theme"] = name
        theme.manager.apply(name)

    return Action(
        id=f"theme.{name}",
        title=title,
        menu="View/Theme",
        group=60,
        run=put_on,
        icon=icon,
        checked=lambda state: bool(state["theme"] == name),
        section="Theme",
    )


def _undo(context: Context) -> None:
    context.session.undo.undo()


def _redo(context: Context) -> None:
    context.session.undo.redo()


def _turned(verb: str, fact: str) -> Action:
    keys = {"undo": ("Ctrl+Z",), "redo": ("Ctrl+Shift+Z", "Ctrl+Y")}

    def title(state: State) -> str:
        return f"{verb} {state[fact]}" if state[fact] else verb

    return Action(
        id=f"edit.{fact}",
        title=verb,
        menu="Edit",
        run=_undo if fact == "undo" else _redo,
        keys=keys[fact],
        when=lambda state: bool(state[fact]),
        retitled=title,
        tip="Take back what was done last, and show it" if fact == "undo" else "",
    )


def _palette(context: Context) -> None:
    from fiqa_studio.ui.shell.palette import Palette  # noqa: PLC0415 - when wanted

    Palette(context, context.window.widget).open()


def _preferences(context: Context) -> None:
    from fiqa_studio.ui.shell.preferences import Preferences  # noqa: PLC0415 - when wanted

    Preferences(context, context.window.widget).open()


def _key_sheet(context: Context) -> None:
    from fiqa_studio.ui.shell.keysheet import KeySheet  # noqa: PLC0415 - when wanted

    KeySheet(context, context.window.widget).open()


def _log(_: Context) -> None:
    from PySide6.QtCore import QUrl  # noqa: PLC0415 - when wanted
    from PySide6.QtGui import QDesktopServices  # noqa: PLC0415 - when wanted

    from fiqa_studio.ui.process.crash import log_path  # noqa: PLC0415 - it imports dialogs

    QDesktopServices.openUrl(QUrl.fromLocalFile(str(log_path().parent)))


def _about(context: Context) -> None:
    from fiqa_studio.ui.shell.about import AboutDialog  # noqa: PLC0415 - when wanted

    AboutDialog(context.window.widget).open()


def _general_page(context: Context) -> QWidget:
    from fiqa_studio.ui.shell.preferences_general import GeneralPage  # noqa: PLC0415 - when wanted

    return GeneralPage(context)


def _keys_page(context: Context) -> QWidget:
    from fiqa_studio.ui.shell.preferences_keys import KeysPage  # noqa: PLC0415 - when wanted

    return KeysPage(context)


def _facts(context: Context) -> dict[str, object]:
    return {"theme": context.settings["theme"]}


FEATURE = Feature(
    name="window",
    menus=(
        MenuAt(title="File"),
        MenuAt(title="Edit", after="File"),
        MenuAt(title="View", after="Edit"),
        MenuAt(title="Help"),
    ),
    actions=(
        _turned("Undo", "undo"),
        _turned("Redo", "redo"),
        *MOVES,
        Action(
            id="app.preferences",
            title="Preferences…",
            menu="Edit",
            group=90,
            run=_preferences,
            keys=("Ctrl+,",),
            icon="sliders",
            tip="Keys, theme and the choices of every feature",
        ),
        Action(id="app.quit", title="Quit", menu="File", group=90, run=_quit, keys=("Ctrl+Q",)),
        Action(
            id="view.focus",
            title="Go to the Photos",
            menu="View",
            group=10,
            run=lambda context: context.window.focus_area(),
            keys=("F4",),
            profile_keys={"darktable": ("Ctrl+F4",)},
            when=with_library,
            tip="Give the keyboard back to the grid or the photo",
        ),
        Action(
            id="view.full-screen",
            title="Full Screen",
            menu="View",
            group=59,
            run=_full_screen,
            keys=("F11",),
        ),
        _theme("dark", "Dark", "moon"),
        _theme("light", "Light", "sun"),
        _theme("system", "Like the System", "system-theme"),
        Action(
            id="help.palette",
            title="Command Palette…",
            menu="Help",
            run=_palette,
            keys=("Ctrl+Shift+P",),
            icon="search",
            palette=False,
            tip="Find anything that can be done by its name",
        ),
        Action(
            id="help.shortcuts",
            title="Keyboard Shortcuts",
            menu="Help",
            run=_key_sheet,
            keys=("?", "F1"),
            profile_keys={"darktable": ("?",)},
            icon="keyboard",
        ),
        Action(id="help.log", title="Show Log File", menu="Help", group=1, run=_log),
        Action(
            id="help.about",
            title="About FIQA Studio",
            menu="Help",
            group=2,
            run=_about,
            icon="info",
        ),
    ),
    pages=(
        Page(title="General", make=_general_page, place=0),
        Page(title="Keys", make=_keys_page, place=10),
    ),
    facts=_facts,
)
