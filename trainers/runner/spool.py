"""What the ledger has not counted yet, in order, as numbered batches."""

from collections import deque

from search_spaces.runner_protocol import MOST_PER_REPORT, LostTrial, ReportRequest, StepResult, TrialEnding

News = StepResult | TrialEnding | LostTrial

MOST_BYTES = 2**19
"""Of one report: half of the least that a service lets a body have."""


class Spool:
    """Keeps news until the ledger has counted it. Not safe for threads: its owner locks."""

    def __init__(self) -> None:
        self._news: deque[News] = deque()
        self._sequence = 0
        self._held: ReportRequest | None = None

    def add(self, news: News) -> None:
        """Appends to what is not yet in a batch."""
        self._news.append(news)

    @property
    def is_empty(self) -> bool:
        """Whether everything has been counted."""
        return not self._news and self._held is None

    @property
    def has_news(self) -> bool:
        """Whether there is news in no batch yet."""
        return bool(self._news)

    @property
    def is_urgent(self) -> bool:
        """Whether something should go at once: what has been tried before, an ending, a loss, or more than a batch."""
        is_full = len(self._news) >= MOST_PER_REPORT
        return self._held is not None or is_full or any(not isinstance(news, StepResult) for news in self._news)

    def batch(self) -> ReportRequest:
        """The next report. Until it is acknowledged, always the same one: the ledger may have counted it."""
        if self._held is None:
            self._sequence += 1
            news = self._take()
            self._held = ReportRequest(
                sequence=self._sequence,
                results=[item for item in news if isinstance(item, StepResult)],
                outcomes=[item for item in news if isinstance(item, TrialEnding)],
                lost=[item for item in news if isinstance(item, LostTrial)],
            )
        return self._held

    def acknowledge(self, sequence: int) -> None:
        """The ledger has counted the batch of this sequence; an older one changes nothing."""
        if self._held is not None and self._held.sequence == sequence:
            self._held = None

    def _take(self) -> list[News]:
        """The oldest news, as many as one report may hold; one at least, however long it is."""
        taken: list[News] = []
        size_bytes = 0
        while self._news and len(taken) < MOST_PER_REPORT:
            size_bytes += len(self._news[0].model_dump_json().encode())
            if taken and size_bytes > MOST_BYTES:
                break
            taken.append(self._news.popleft())
        return taken
