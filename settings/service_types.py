"""Domain types of the sections of single services: names and sizes as the service takes them."""

from typing import Annotated

from settings import shapes
from settings.shapes import Shape

ForgeName = Annotated[
    str,
    Shape(
        shapes.FORGE_NAME,
        "a name in Gitea; use lower-case letters and digits with single dots, dashes and underscores between "
        "them, at most 40 characters",
        "name in Gitea",
    ),
]
KnownHost = Annotated[
    str,
    Shape(
        shapes.KNOWN_HOST,
        "the key of a host; write a line of `ssh-keyscan -t ed25519 <host>` without its comments",
        "key of a host, as in known_hosts",
        "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    ),
]
ImageReference = Annotated[
    str,
    Shape(
        shapes.IMAGE,
        "a pinned image; write registry, path and release, such as docker.io/library/node:24.11.1",
        "pinned image",
        "docker.io/library/node:24.11.1-bookworm",
    ),
]
ArtifactRepository = Annotated[
    str,
    Shape(
        shapes.ARTIFACT_REPOSITORY,
        "a repository of a registry; write registry and path, such as ghcr.io/aquasecurity/trivy-db",
        "repository of a registry",
        "ghcr.io/aquasecurity/trivy-db",
    ),
]
JobLabel = Annotated[
    str,
    Shape(
        shapes.JOB_LABEL,
        "a label of jobs; write what `runs-on` says, such as ubuntu-latest",
        "label of jobs",
        "ubuntu-latest",
    ),
]
Lifetime = Annotated[
    str,
    Shape(
        shapes.LIFETIME,
        "a lifetime; write a number with d, w or y (365 days), such as 90d",
        "lifetime in d, w or y",
        "90d",
    ),
]
UploadSize = Annotated[
    str,
    Shape(
        shapes.UPLOAD_SIZE, "the size of a file; write it with K or M, such as 100M", "size of a file in K or M", "100M"
    ),
]
ProjectName = Annotated[
    str,
    Shape(
        shapes.PROJECT_NAME,
        "a project of a registry; use lower-case letters and digits, with single . _ - between",
        "project name",
    ),
]
ProjectScope = Annotated[
    str,
    Shape(
        shapes.PROJECT_SCOPE,
        "a project of a registry; use lower-case letters and digits, or '*' for every project",
        "project name, or *",
    ),
]
RobotName = Annotated[
    str,
    Shape(
        shapes.ROBOT_NAME,
        "a name of a robot; use lower-case letters and digits with single dashes between them, at most 40 characters",
        "robot name",
    ),
]
RedirectUri = Annotated[
    str,
    Shape(shapes.REDIRECT_URI, "a redirect URI; write one such as https://notes.example.com/callback", "redirect URI"),
]
SecretPath = Annotated[
    str,
    Shape(
        shapes.SECRET_PATH,
        "the path of a secret; write it as folder/name, in lower-case letters, digits and dashes, at most 200 "
        "characters",
        "path of a secret",
        "shop/api",
    ),
]
