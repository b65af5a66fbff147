"""The owner's board: raters as they rate, two decisions on each, the analysis, and what follows.

Everything is read off the thread; while the board is open it looks for news every two seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from fiqa_studio.domain.errors import KnownError
from fiqa_studio.study import file, stored
from fiqa_studio.study.decisions import Decision, What
from fiqa_studio.study.exchange import writing
from fiqa_studio.study.exchange.writing import Format
from fiqa_studio.study.file import OpenStudy
from fiqa_studio.study.mos import MosMethod
from fiqa_studio.study.report import page
from fiqa_studio.study.report.page import METHODS
from fiqa_studio.ui import theme
from fiqa_studio.ui.process.qt_types import ready_for_threads
from fiqa_studio.ui.session.background import Background
from fiqa_studio.ui.study.standing import RaterRow, Standing, mark_of, standing
from fiqa_studio.ui.theme import Space
from fiqa_studio.ui.widgets.banner import Banner
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.engine.studies import Published
    from fiqa_studio.study.analysis import Analysis
    from fiqa_studio.ui.actions.context import Context
    from fiqa_studio.ui.session.session import Session

T = TypeVar("T")
COLUMNS = (
    "Rater", "Progress", "Ratings", "Gold", "Repeats", "Others", "Bias", "Accept", "Use", "Flags",
)  # fmt: skip
_TIPS = (
    "", "Batches done", "That count, repeats included", "Share of gold answers that are right",
    "SRCC of first and second ratings", "PLCC with the mean of the other raters",
    "Mean distance from the MOS", "The work is accepted", "The ratings are used",
    "What is beyond a threshold",
)  # fmt: skip
_ACCEPT, _USE = COLUMNS.index("Accept"), COLUMNS.index("Use")
_NEWS_MS = 2_000
_FORMATS = {
    Format.LONG: "Long table (*.csv)",
    Format.P910: "P.910 matrix (*.csv)",
    Format.SUREAL: "sureal (*.json)",
    Format.GFIQA: "GFIQA labels (*.json)",
    Format.MOS: "MOS with intervals (*.csv)",
}


class BoardWindow(QDialog):
    """The board of one study.

    Attributes:
        shown: What the table shows; None before it was read.
        analysis: What the summary shows, by the method chosen.
    """

    def __init__(self, path: Path, session: Session | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        ready_for_threads()
        self.setWindowTitle("Study Board")
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        self._path = path
        self._session = session
        self._work = Background("fiqa-board", 1, self, drain=True)
        self._slow = Background("fiqa-board-slow", 1, self)
        self._open = ExitStack()
        self._opened: OpenStudy | None = None
        self._closed = False
        self._filling = False
        self.shown: Standing | None = None
        self.analysis: Analysis | None = None
        self.banner = Banner()
        self.title = label(path.name, "title")
        self.summary = label("", "muted")
        self.table = QTableWidget(0, len(COLUMNS))
        self.reason = QLineEdit()
        self.method = QComboBox()
        self.said = label("", "muted")
        self.publish = QPushButton("Publish to Library")
        self.report = QPushButton("Report…")
        self.export = QPushButton("Export…")
        self._lay_out()
        self._news = QTimer(self, interval=_NEWS_MS)
        self._news.timeout.connect(self._look)
        self._run(self._read, self._show)
        self._news.start()

    # --- reading ------------------------------------------------------------------------------

    def _read(self) -> Standing:
        if self._opened is None:
            self._opened = self._open.enter_context(file.opened(self._path))
        return standing(self._opened)

    def _look(self) -> None:
        shown = self.shown

        def work() -> Standing | None:
            opened = self._opened
            if opened is not None and shown is not None and mark_of(opened) == shown.mark:
                return None
            return self._read()

        self._run(work, self._show_news, key="news")

    def _show_news(self, found: Standing | None) -> None:
        if found is not None:
            self._show(found)

    def _show(self, found: Standing) -> None:
        self.shown = found
        self.title.setText(found.title)
        self.summary.setText(found.summary)
        self._fill_table(found)
        self._analyse()

    def _fill_table(self, found: Standing) -> None:
        self._filling = True
        row = self.table.currentRow()
        self.table.setRowCount(len(found.rows))
        for number, rater in enumerate(found.rows):
            self._fill(number, rater)
        if row >= 0:
            self.table.setCurrentCell(min(row, len(found.rows) - 1), 0)
        self._filling = False
        for column in range(len(COLUMNS) - 1):  # the flags take what is left
            self.table.resizeColumnToContents(column)

    def _fill(self, number: int, rater: RaterRow) -> None:
        report = rater.report
        texts = [rater.name, rater.progress, *[""] * 5]
        if report is not None:
            gold, repeats = report.gold_accuracy, report.repeat_srcc
            texts[2:] = [
                f"{report.ratings:,}",
                "" if gold is None else f"{gold:.0%}",
                "" if repeats is None else f"{repeats:.2f}",
                "" if report.loo_plcc is None else f"{report.loo_plcc:.2f}",
                "" if report.bias is None else f"{report.bias:+.1f}",
            ]
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            if column > 1:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(number, column, item)
        for column, yes in ((_ACCEPT, rater.accept), (_USE, rater.use)):
            item = QTableWidgetItem()
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if yes else Qt.CheckState.Unchecked)
            item.setToolTip(rater.reasons)
            self.table.setItem(number, column, item)
        flags = "; ".join(flag.said for flag in report.flags) if report is not None else ""
        item = QTableWidgetItem(flags)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        item.setToolTip(flags)
        self.table.setItem(number, len(COLUMNS) - 1, item)

    # --- decisions ----------------------------------------------------------------------------

    def _on_row(self, row: int) -> None:
        """What the flags suggest is ready as the reason."""
        if self.shown is not None and not self._filling and 0 <= row < len(self.shown.rows):
            self.reason.setText(self.shown.rows[row].suggests)

    def _on_item(self, item: QTableWidgetItem) -> None:
        if self._filling or self.shown is None or item.column() not in {_ACCEPT, _USE}:
            return
        self.table.setCurrentCell(item.row(), 0)
        yes, reason = item.checkState() == Qt.CheckState.Checked, self.reason.text().strip()
        if not reason:
            # As it was; later, since the item is still telling of its change.
            QTimer.singleShot(0, self, self._restore)
            self.banner.show_message("warning", "Please write the reason first, then decide.")
            self.reason.setFocus()
            return
        self.banner.hide()
        decision = Decision(
            rater=self.shown.rows[item.row()].name,
            what=What.ACCEPT if item.column() == _ACCEPT else What.USE,
            yes=yes,
            reason=reason,
            author="owner" if self._session is None else self._session.engine.marking.author,
        )

        def work() -> Standing:
            found = self._read()
            if self._opened is not None:
                stored.decide(self._opened.database, decision)
                found = standing(self._opened)
            return found

        self._run(work, self._show)

    def _restore(self) -> None:
        if self.shown is not None:
            self._fill_table(self.shown)

    # --- analysis -----------------------------------------------------------------------------

    @property
    def chosen_method(self) -> MosMethod:
        """How the MOS is made."""
        return MosMethod(self.method.currentData())

    def _analyse(self) -> None:
        opened, method = self._opened, self.chosen_method
        if opened is None or self.shown is None or not self.shown.rows:
            self.said.setText("Nobody has rated yet.")
            return
        if self.analysis is None or self.analysis.method is not method:
            self.analysis = None
            self.said.setText("Analysing…")
        self._slow.run(
            lambda: stored.analyse_study(opened, method),
            self._show_analysis,
            failed=self._say_analysis,
            key="analysis",
        )

    def _show_analysis(self, found: Analysis) -> None:
        self.analysis = found
        self.said.setText(analysis_said(found))

    def _say_analysis(self, error: Exception) -> None:
        if not isinstance(error, KnownError):
            raise error
        self.said.setText(" ".join(part for part in (error.message, error.remedy) if part))

    # --- what follows -------------------------------------------------------------------------

    def publish_now(self) -> None:
        """Make the MOS the library's opinions of this study."""
        from fiqa_studio.engine import studies  # noqa: PLC0415 - when wanted

        session, path, method = self._session, self._path, self.chosen_method
        if session is None:
            return
        self.publish.setEnabled(False)

        def done(found: Published) -> None:
            self.publish.setEnabled(True)
            unknown = f" {len(found.unknown):,} pictures were not found." if found.unknown else ""
            self.banner.show_message(
                "warning" if found.unknown else "info",
                f"{found.faces:,} faces have this study's opinion now.{unknown}",
            )

        session.run(
            lambda: studies.publish(session.library, path, method),
            done,
            failed=self._publish_failed,
            slow=True,
        )

    def _publish_failed(self, error: Exception) -> None:
        self.publish.setEnabled(True)
        self._complain(error)

    def report_to(self, target: Path) -> None:
        """Write the report as one HTML page."""
        method = self.chosen_method

        def work() -> Path:
            with file.opened(self._path) as opened:
                page.save(page.report_of(opened, method), target, None)
            return target

        self._slow.run(work, self._written, failed=self._complain)

    def export_to(self, target: Path, form: Format) -> None:
        """Write the ratings or the MOS."""
        method = self.chosen_method

        def work() -> Path:
            with file.opened(self._path) as opened:
                writing.write(opened, form, target, method=method)
            return target

        self._slow.run(work, self._written, failed=self._complain)

    def _written(self, target: Path) -> None:
        self.banner.show_message("info", f"Written: {target}")

    def _ask_report(self) -> None:
        before = str(self._path.with_suffix(".html"))
        name, _ = QFileDialog.getSaveFileName(self, "Report", before, "Page (*.html)")
        if name:
            self.report_to(Path(name))

    def _ask_export(self) -> None:
        words = list(_FORMATS.values())
        before = str(self._path.with_suffix(".csv"))
        name, kind = QFileDialog.getSaveFileName(self, "Export", before, ";;".join(words))
        if name:
            self.export_to(Path(name), list(_FORMATS)[words.index(kind) if kind in words else 0])

    # --- making -------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme.set_role(self, "panel")
        self.resize(1000, 560)
        for number, (words, tip) in enumerate(zip(COLUMNS, _TIPS, strict=True)):
            head = QTableWidgetItem(words)
            head.setToolTip(tip)
            self.table.setHorizontalHeaderItem(number, head)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.verticalHeader().hide()
        self.table.setAccessibleName("Raters")
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.currentCellChanged.connect(lambda row, *_: self._on_row(row))
        self.table.itemChanged.connect(self._on_item)
        self.reason.setPlaceholderText("Why; kept with the decision")
        self.reason.setAccessibleName("Reason of a decision")
        for method in MosMethod:
            self.method.addItem(str(method), str(method))
            tip = METHODS[method]
            self.method.setItemData(self.method.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.method.setAccessibleName("Method of analysis")
        self.method.currentIndexChanged.connect(self._analyse)
        self.publish.setEnabled(self._session is not None and not self._session.library.read_only)
        self.publish.clicked.connect(self.publish_now)
        self.report.clicked.connect(self._ask_report)
        self.export.clicked.connect(self._ask_export)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.S)
        for part in (self.banner, self.title, self.summary):
            column.addWidget(part)
        column.addWidget(self.table, 1)
        column.addLayout(_row(label("Reason"), self.reason))
        buttons = (self.publish, self.report, self.export)
        column.addLayout(_row(label("Method"), self.method, *buttons))
        column.addWidget(self.said)
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(False)

    def _run(self, work: Callable[[], T], then: Callable[[T], object], *, key: str = "") -> None:
        self._work.run(work, then, failed=self._complain, key=key)

    def _complain(self, error: Exception) -> None:
        if not isinstance(error, KnownError):
            raise error
        self.banner.show_error(error)

    def done(self, result: int) -> None:
        """Let go of the study."""
        if not self._closed:
            self._closed = True
            self._news.stop()
            self._slow.close()
            self._work.run(self._open.close, lambda _: None, failed=lambda _: None)
            self._work.close()
        super().done(result)


def analysis_said(found: Analysis) -> str:
    """The analysis in a few sentences."""
    known = [one for one in found.stimuli if one.mos is not None]
    widths = [one.half_width for one in known if one.half_width is not None]
    used = sum(rater.used for rater in found.raters)
    parts = [f"{len(known):,} MOS from {used} of {len(found.raters)} raters."]
    if known:
        mean = sum(one.mos or 0.0 for one in known) / len(known)
        parts.append(f"Mean {mean:.1f}.")
    if widths:
        parts.append(f"95 % intervals ± {sum(widths) / len(widths):.1f} on average.")
    if found.icc is not None:
        parts.append(f"ICC(2,k) {found.icc.average:.2f}.")
    if found.alpha is not None:
        parts.append(f"Krippendorff's alpha {found.alpha:.2f}.")
    parts += [f"{one.name}: {one.why}." for one in found.raters if one.why]
    return " ".join([*parts, *found.notes])


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(Space.S)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, QLineEdit) else 0)
    row.addStretch(0)
    return row


def open_board(context: Context) -> None:
    """Ask for a study and show its board."""
    settings, parent = context.settings, context.window.widget
    kinds = f"Studies (*{file.SUFFIX})"
    name, _ = QFileDialog.getOpenFileName(parent, "Study", settings["study.file"], kinds)
    if name:
        settings["study.file"] = name
        show_board(context, Path(name))


def show_board(context: Context, path: Path) -> BoardWindow:
    """The board of a study, beside the window; it goes with the library."""
    session = context.session if context.has_session else None
    board = BoardWindow(path, session, context.window.widget)
    board.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    board.show()
    return board
