"""The filter bar over the open library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fiqa_studio.domain.query import Query, Subject
from fiqa_studio.ui.filters.bar import FilterBar
from fiqa_studio.ui.filters.histogram import BINS, import_plotting
from fiqa_studio.ui.process import smoothness
from fiqa_studio.ui.process.qt_types import TypeLoader
from fiqa_studio.ui.session.listing import is_faceless

if TYPE_CHECKING:
    from fiqa_studio.ui.actions.context import Context


class FilterPanel(FilterBar):
    """Follows the query and the histogram of its answer, and sets the query."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.session.overview.root_name)
        self._session = context.session
        listing = self._session.listing
        self.edited.connect(self._edit)
        listing.query_changed.connect(lambda _: self._show())
        self._session.overview.changed.connect(self._show)
        self._show()
        # Takes most of a second to import: off the thread, and after the first page.
        self._types = TypeLoader(
            lambda: self._session.run(
                import_plotting, self._begin_plotting, key="plotting", slow=True
            ),
            self,
        )

    def _show(self) -> None:
        """The query, and how its answer is spread; also when more is known of the library."""
        query, library = self._session.listing.query, self._session.library
        self.set_query(query)
        self._session.run(
            lambda: library.views.score_histogram(query, BINS),
            self.set_counts,
            key="histogram",
            slow=True,
        )

    def _edit(self, query: Query) -> None:
        if is_faceless(query):
            query = query.of(Subject.PHOTOS)  # photos without faces have no faces to show
        self._session.listing.set_query(query)

    def _begin_plotting(self, _: None) -> None:
        self.histogram.load()
        # The last of what is imported, and a moment when nobody scrolls yet.
        smoothness.spare_the_collector()
