"""Import of the authors' pair of checkpoints: the form, and the run."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from fiqa_studio.ui.models.fields import FileField, Form
from fiqa_studio.ui.models.running import RunningDialog
from fiqa_studio.ui.models.words import DATASETS, LANDMARKS, name_from
from fiqa_studio.ui.widgets.small import label

if TYPE_CHECKING:
    from fiqa_studio.engine.programs import ModelsCall
    from fiqa_studio.engine.scoring.installed import InstalledScorer, Scorers

_INTRO = (
    "The authors' weights come as a pair of files. They are read without running anything they "
    "hold, checked name by name and shape by shape, and become a scorer like any other."
)
_CHECKPOINTS = "Checkpoints (*.pt *.pth *.bin)"
_PAIR = ("DE.pt", "IQA.pt")


class ImportDialog(RunningDialog):
    """Asks for a pair and imports it.

    Signals:
        imported: The new `InstalledScorer`; the dialog has closed.
    """

    imported = Signal(object)

    def __init__(self, scorers: Scorers, parent: QWidget | None = None) -> None:
        super().__init__("Import Published Weights", "Import", parent)
        self._scorers = scorers
        self.encoder = FileField("Degradation encoder, DE.pt", _CHECKPOINTS)
        self.quality = FileField("Quality network, IQA.pt", _CHECKPOINTS)
        self.dataset = QComboBox()
        self.dataset.setEditable(True)
        self.dataset.addItems([name for name, _ in DATASETS])
        self.dataset.setAccessibleName("Trained on")
        self.landmarks = QComboBox()
        self.landmarks.setAccessibleName("Landmark scheme")
        for scheme, words in LANDMARKS.items():
            self.landmarks.addItem(words, scheme)
        self.name = QLineEdit()
        self.name.setMaxLength(64)
        self.name.setAccessibleName("Name of the scorer")
        self._name_is_ours = True
        self._lay_out()
        for field, other, name in (
            (self.encoder, self.quality, _PAIR[1]),
            (self.quality, self.encoder, _PAIR[0]),
        ):
            field.changed.connect(partial(self._find_partner, field, other, name))
            field.changed.connect(self._update)
        self.dataset.currentTextChanged.connect(self._follow_dataset)
        self.name.textEdited.connect(self._keep_name)
        self.name.textChanged.connect(self._update)
        self._follow_dataset(self.dataset.currentText())
        self._update()
        self.encoder.setFocus()

    def _lay_out(self) -> None:
        self.setMinimumWidth(460)
        self.resize(620, 100)
        self.form.addWidget(label(_INTRO, "muted"))
        form = Form()
        form.add("&Encoder", self.encoder, "DE.pt: sees the kind of degradation")
        form.add("&Quality network", self.quality, "IQA.pt, of the same release")
        form.add("&Trained on", self.dataset)
        form.add("&Landmarks", self.landmarks, "As the weights were trained; set by the data set")
        form.add("&Name", self.name, "Small letters, digits, dots, dashes and underscores")
        self.form.addLayout(form)

    def _find_partner(self, field: FileField, other: FileField, name: str) -> None:
        """Of a pair in one folder, choosing one file chooses the other."""
        path = field.path
        if path is None or other.path is not None or not path.is_file():
            return
        partner = path.with_name(name)
        if partner != path and partner.is_file():
            other.set_path(partner)

    def _follow_dataset(self, dataset: str) -> None:
        scheme = dict(DATASETS).get(dataset)
        if scheme is not None:
            self.landmarks.setCurrentIndex(self.landmarks.findData(scheme))
        if self._name_is_ours:
            self.name.setText(name_from(dataset))

    def _keep_name(self, text: str) -> None:
        self._name_is_ours = not text

    def _update(self) -> None:
        missing = [
            words
            for words, there in (
                ("both files", self.encoder.path is not None and self.quality.path is not None),
                ("a name", bool(self.name.text().strip())),
            )
            if not there
        ]
        self.start.setEnabled(not missing and not self.running)
        self.start.setToolTip(f"Choose {' and '.join(missing)} first" if missing else "")

    def _begin(self) -> ModelsCall | None:
        from fiqa_studio.engine.scoring.installed import ImportOrder  # noqa: PLC0415 - after first paint

        encoder, quality = self.encoder.path, self.quality.path
        if encoder is None or quality is None:
            return None
        order = ImportOrder(
            encoder=Path(encoder).absolute(),
            quality=Path(quality).absolute(),
            landmarks=str(self.landmarks.currentData()),
            name=self.name.text().strip(),
            dataset=self.dataset.currentText().strip(),
        )
        return self._scorers.importing(order, self._report)

    def _read(self, answer: Any) -> InstalledScorer:
        return self._scorers.taken(answer)

    def _ended(self, result: InstalledScorer) -> None:
        self.accept()
        self.imported.emit(result)
