"""Exporting what is shown, off the window's thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from fiqa_studio.domain.query import Subject

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


def export_csv(context: Context) -> None:
    """Ask for a file and write the faces shown to it, one row a face."""
    from fiqa_studio.exports.csv import write_faces  # noqa: PLC0415 - after first paint
    from fiqa_studio.exports.registry import check_target  # noqa: PLC0415 - after first paint
    from fiqa_studio.exports.rows import faces_with_paths  # noqa: PLC0415 - after first paint

    session, window = context.session, context.window
    folder = context.settings["last-export"] or str(Path.home())
    name, _ = QFileDialog.getSaveFileName(
        window.widget, "Export CSV", str(Path(folder) / "faces.csv"), "CSV (*.csv)"
    )
    if not name:
        return
    target = Path(name if Path(name).suffix else f"{name}.csv")
    context.settings["last-export"] = str(target.parent)
    library, query = session.library, session.listing.query
    window.tell(f"Exporting to {target.name}…")

    def write() -> int:
        check_target(target, [root.path for root in library.roots.all()])
        return write_faces(faces_with_paths(library, query), target)

    def failed(error: Exception) -> None:
        window.tell("")
        session.report(error)

    def done(count: int) -> None:
        window.tell("")
        what = "1 face" if count == 1 else f"{count:,} faces"
        if query.subject is Subject.PHOTOS:
            what += " of the photos shown"
        window.say(
            "info",
            f"Exported {what} to {target}",
            "Show",
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(target.parent))),
        )

    session.run(write, done, failed=failed, slow=True)
