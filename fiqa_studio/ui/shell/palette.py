"""The command palette: anything that can be done, found by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from fiqa_studio.ui import theme
from fiqa_studio.ui.actions.action import Action
from fiqa_studio.ui.actions.finding import matches
from fiqa_studio.ui.shell.menus import native

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex

    from fiqa_studio.ui.actions.context import Context

_ACTION = Qt.ItemDataRole.UserRole
_KEYS = Qt.ItemDataRole.UserRole + 1
_WHERE = Qt.ItemDataRole.UserRole + 2
_WIDTH, _HEIGHT = 560, 420
_FROM_TOP = 72
_LIST_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


class Palette(QDialog):
    """A field and a list; Enter does what is chosen. What cannot be done now stands last, grey.

    Attributes:
        field: What is looked for.
        list: The actions found.
    """

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Command Palette")
        self._over = parent
        self._context = context
        self._state = context.state()
        self.field = QLineEdit()
        self.field.setPlaceholderText("What do you want to do?")
        self.field.setAccessibleName("What do you want to do?")
        self.field.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setItemDelegate(_Row(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.Space.M,) * 4)
        layout.setSpacing(theme.Space.S)
        layout.addWidget(self.field)
        layout.addWidget(self.list, 1)
        self.field.textChanged.connect(self._fill)
        self.field.installEventFilter(self)
        self.list.itemClicked.connect(lambda _item: self._run())
        self._fill("")
        self.resize(min(_WIDTH, parent.width() - 2 * theme.Space.XL), _HEIGHT)

    def _fill(self, text: str) -> None:
        self.list.clear()
        actions = [one for one in self._context.registry.actions if one.palette]
        found = [one for one in actions if matches(text, one.plain_title, one.menu, one.tip)]
        # Those whose name begins so stand first; then as in the menus.
        begins = text.strip().lower()
        found.sort(
            key=lambda one: (
                not one.enabled(self._state),
                not one.plain_title.lower().startswith(begins),
                begins not in one.plain_title.lower(),
            )
        )
        for action in found:
            self.list.addItem(self._item(action))
        if self.list.count():
            self.list.setCurrentRow(0)

    def _item(self, action: Action) -> QListWidgetItem:
        title = action.plain_title if action.retitled is None else action.retitled(self._state)
        keys = self._context.keymap.keys_of(action.id)
        item = QListWidgetItem(title)
        item.setData(_ACTION, action.id)
        item.setData(_KEYS, native(keys[0]) if keys else "")
        item.setData(_WHERE, (action.menu or action.heading).replace("/", " › "))
        if not action.enabled(self._state):
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        if action.tip:
            item.setToolTip(action.tip)
        return item

    def _run(self) -> None:
        item = self.list.currentItem()
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        action = self._context.window.action(item.data(_ACTION))
        self.accept()
        action.trigger()

    # Qt overrides

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The field has the keyboard, and the arrows are the list's."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in _LIST_KEYS:
                self.list.keyPressEvent(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run()
                return True
        return super().eventFilter(watched, event)

    @override
    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]  # a QShowEvent
        over = self._over
        corner = over.mapToGlobal(over.rect().topLeft())
        self.move(corner.x() + (over.width() - self.width()) // 2, corner.y() + _FROM_TOP)
        self.field.setFocus()


class _Row(QStyledItemDelegate):
    """The name, where it is in the menus, and its keys at the right end."""

    @override
    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(super().sizeHint(option, index).width(), theme.CONTROL_HEIGHT + 2)

    @override
    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        drawn: Any = QStyleOptionViewItem(option)  # PySide's stubs leave its fields out
        self.initStyleOption(drawn, index)
        title, drawn.text = drawn.text, ""
        style = drawn.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, drawn, painter, drawn.widget)
        palette = theme.manager.palette
        chosen = bool(drawn.state & QStyle.StateFlag.State_Selected)
        enabled = bool(drawn.state & QStyle.StateFlag.State_Enabled)
        strong = palette.on_selection if chosen else palette.text if enabled else ""
        weak = palette.on_selection if chosen else palette.text_muted if enabled else ""
        box: QRect = drawn.rect.adjusted(theme.Space.S, 0, -theme.Space.S, 0)
        centre = Qt.AlignmentFlag.AlignVCenter
        painter.save()
        keys = str(index.data(_KEYS))
        painter.setPen(weak or palette.text_disabled)
        painter.setFont(theme.font(theme.Type.CAPTION))
        painter.drawText(box, int(centre | Qt.AlignmentFlag.AlignRight), keys)
        where, metrics = str(index.data(_WHERE)), painter.fontMetrics()
        right = box.right() - max(110, metrics.horizontalAdvance(keys) + theme.Space.L)
        width = metrics.horizontalAdvance(where)
        painter.drawText(QRect(right - width, box.y(), width, box.height()), int(centre), where)
        painter.setPen(strong or palette.text_disabled)
        painter.setFont(theme.font())
        space = right - width - theme.Space.L - box.x()
        shown = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, space)
        painter.drawText(box, int(centre | Qt.AlignmentFlag.AlignLeft), shown)
        painter.restore()
