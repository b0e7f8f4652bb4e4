"""What a stack is made of, as `make images` lists it."""

from dataclasses import dataclass, field


@dataclass
class Image:
    """An image, by the name in which its readers name it; `digest` where a registry said it."""

    image: str
    readers: list[str]
    digest: str | None = None


@dataclass
class Listing:
    """What a stack is made of. `unknown`: whatever could not be told, with the reason."""

    stack: str
    images: list[Image] = field(default_factory=list)
    charts: list[dict[str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    plugins: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
