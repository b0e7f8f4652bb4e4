"""What a terminal shows, as far as rich writes to one: lines, colours, the cursor up, and lines that are erased."""

import re
from dataclasses import dataclass, field

_CONTROL = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])")
Cell = tuple[str, str]
"""A character, and the classes of its style."""
_STYLES = {
    "1": "bold",
    "2": "dim",
    "31": "red",
    "32": "green",
    "33": "yellow",
    "34": "blue",
    "35": "magenta",
    "36": "cyan",
}


@dataclass
class Screen:
    """A terminal of so many rows and columns; it scrolls, and goes on in the next row behind the last column."""

    rows: int
    columns: int
    lines: list[list[Cell]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    style: frozenset[str] = frozenset()

    def shown(self) -> tuple[tuple[Cell, ...], ...]:
        """The lines that are in sight."""
        return tuple(tuple(line) for line in self.lines[-self.rows :])

    def feed(self, text: str) -> None:
        """Takes output; a sequence is never divided between two, since rich writes whole frames."""
        at = 0
        for match in _CONTROL.finditer(text):
            self._write(text[at : match.start()])
            self._control(match[1], match[2])
            at = match.end()
        self._write(text[at:])

    def _control(self, values: str, what: str) -> None:
        if what == "A":
            self.row = max(0, self.row - int(values or 1))
        elif what == "K":
            self.lines[self.row] = self.lines[self.row][: self.column] if values in ("", "0") else []
        elif what == "m":
            for value in (values or "0").split(";"):
                self.style = frozenset() if value == "0" else self.style | {_STYLES.get(value, "")} - {""}

    def _down(self) -> None:
        self.row += 1
        self.lines += [[]] if self.row == len(self.lines) else []

    def _write(self, text: str) -> None:
        for character in text:
            if character == "\n":
                self._down()
            elif character == "\r":
                self.column = 0
            else:
                if self.column == self.columns:
                    self._down()
                    self.column = 0
                line = self.lines[self.row]
                line += [(" ", "")] * (self.column + 1 - len(line))
                line[self.column] = (character, " ".join(sorted(self.style)))
                self.column += 1
