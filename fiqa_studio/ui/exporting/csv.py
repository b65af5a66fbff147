"""Exporting what is shown, off the window's thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from fiqa_studio.ui.session.kinds import ViewKind

if TYPE_CHECKING:
    from fiqa_studio.ui.shell.window import MainWindow
    from fiqa_studio.ui.shell.workspace import Workspace


def export_csv(window: MainWindow, work: Workspace) -> None:
    """Ask for a file and write the faces shown to it, one row a face."""
    from fiqa_studio.exports.csv import write_faces  # noqa: PLC0415 - after first paint
    from fiqa_studio.exports.registry import check_target  # noqa: PLC0415 - after first paint
    from fiqa_studio.exports.rows import faces_with_paths  # noqa: PLC0415 - after first paint

    folder = work.session.settings["last-export"] or str(Path.home())
    name, _ = QFileDialog.getSaveFileName(
        window, "Export CSV", str(Path(folder) / "faces.csv"), "CSV (*.csv)"
    )
    if not name:
        return
    target = Path(name if Path(name).suffix else f"{name}.csv")
    work.session.settings["last-export"] = str(target.parent)
    library, query = work.session.library, work.query
    window.tell(f"Exporting to {target.name}…")

    def write() -> int:
        check_target(target, [root.path for root in library.roots.all()])
        return write_faces(faces_with_paths(library, query), target)

    def failed(error: Exception) -> None:
        window.tell("")
        work.session.report(error)

    def done(count: int) -> None:
        window.tell("")
        what = "1 face" if count == 1 else f"{count:,} faces"
        if work.kind is ViewKind.PHOTOS:
            what += " of the photos shown"
        window.banner.show_message(
            "info",
            f"Exported {what} to {target}",
            "Show",
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(target.parent))),
        )

    work.session.run(write, done, failed=failed)
