"""Comments, issues and releases of a repository, by the API that GitHub and Gitea have in common.

Sources: docs.github.com/en/rest/issues and rest/releases; of Gitea routers/api/v1/repo/issue_comment.go, which lists
all comments of an issue at once, whatever page is asked for, and takes ids of labels where GitHub takes names, so what
is ours is found by a mark in its text; release.go, which makes a page of a tag that is there, and
release_attachment.go, which takes the plain content of a file, too.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

AUTHORS = ("github-actions[bot]", "gitea-actions")
"""Who a workflow is with the token of its run; a mark in anybody else's text means nothing.
The second is Gitea's (models/user/user_system.go).
"""
_PAGE = 100
_REQUEST_SECONDS = 30


class ForgeError(Exception):
    """The API refused. The message says what."""


@dataclass(frozen=True, kw_only=True)
class Forge:
    """A repository.

    Attributes:
        api: Base URL, as GITHUB_API_URL has it.
        repository: `owner/name`.
    """

    api: str
    repository: str
    token: str

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> "Forge | None":
        """That of a run of a workflow, where it has a token for it."""
        found = [variables.get(name) for name in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN")]
        api, repository, token = found
        return cls(api=api, repository=repository, token=token) if api and repository and token else None

    def comment(self, number: int, mark: str, text: str) -> None:
        """Write the comment with this mark on an issue or pull request, in place of the one that is there."""
        found = next(self._ours(f"issues/{number}/comments", mark), None)
        body = {"body": f"{text}\n{mark}"}
        if found is None:
            self._ask("POST", f"issues/{number}/comments", body)
        else:
            self._ask("PATCH", f"issues/comments/{found['id']}", body)

    def commented(self, number: int, mark: str) -> bool:
        """Whether there is such a comment."""
        return next(self._ours(f"issues/{number}/comments", mark), None) is not None

    def issue(self, mark: str, title: str, text: str) -> str:
        """Open the issue with this mark, or bring the one that is open up to date: which of both."""
        found = next(self._ours("issues?state=open&type=issues", mark), None)
        body = {"title": title, "body": f"{text}\n{mark}"}
        if found is None:
            return f"opened issue {self._ask('POST', 'issues', body)['number']}"
        self._ask("PATCH", f"issues/{found['number']}", body)
        return f"updated issue {found['number']}"

    def close(self, mark: str, text: str) -> str:
        """Close the open issue with this mark, with a comment."""
        found = next(self._ours("issues?state=open&type=issues", mark), None)
        if found is None:
            return "no issue is open"
        self._ask("POST", f"issues/{found['number']}/comments", {"body": text})
        self._ask("PATCH", f"issues/{found['number']}", {"state": "closed"})
        return f"closed issue {found['number']}"

    def release(self, tag: str, title: str, text: str, *, prerelease: bool) -> Mapping[str, Any]:
        """Write the page of a tag that is there, in place of the one that it has."""
        found = next((one for one in self._all("releases?") if one["tag_name"] == tag), None)
        body = {"tag_name": tag, "name": title, "body": text, "draft": False, "prerelease": prerelease}
        page: Mapping[str, Any] = (
            self._ask("PATCH", f"releases/{found['id']}", body) if found else self._ask("POST", "releases", body)
        )
        return page

    def attach(self, page: Mapping[str, Any], name: str, content: bytes) -> None:
        """Upload a file to the page of a release, whose `upload_url` GitHub gives as a template (RFC 6570)."""
        url = page["upload_url"].partition("{")[0]
        self._send("POST", f"{url}?{urllib.parse.urlencode({'name': name})}", content, "application/octet-stream")

    def _ours(self, path: str, mark: str) -> Iterator[Mapping[str, Any]]:
        for one in self._all(path):
            by_us = (one.get("user") or {}).get("login") in AUTHORS
            if by_us and not one.get("pull_request") and mark in (one.get("body") or ""):
                yield one

    def _all(self, path: str) -> Iterator[Mapping[str, Any]]:
        seen: set[int] = set()
        page = 1
        while True:
            join = "&" if "?" in path else "?"
            found = self._ask("GET", f"{path}{join}per_page={_PAGE}&limit={_PAGE}&page={page}")
            new = [one for one in found if one["id"] not in seen]
            yield from new
            seen |= {one["id"] for one in new}
            if not new:
                return
            page += 1

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        url = f"{self.api.rstrip('/')}/repos/{self.repository}/{path}"
        return self._send(method, url, json.dumps(body).encode() if body is not None else None, "application/json")

    def _send(self, method: str, url: str, data: bytes | None, kind: str) -> Any:
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - the workflow says where it runs
        for name, value in {
            "Accept": "application/json",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": kind,
        }.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS) as response:  # noqa: S310 - as above
                return json.loads(response.read())
        except urllib.error.HTTPError as error:
            path = url.partition("?")[0].rpartition(f"/{self.repository}/")[2]
            raise ForgeError(f"{self.api} answers {error.code} for {method} {path}") from None
        except OSError as error:
            raise ForgeError(f"{self.api} does not answer: {getattr(error, 'reason', error)}") from None
