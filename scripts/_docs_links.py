"""A hook of mkdocs: links of a page to files of the checkout that are not in docs/.

GitHub follows such a link as it is. The site has no such file. There the link leads to the file in
the repository, where mkdocs.yml knows its address (`extra.repository`). Where it does not, the
words of the link stay, without a link. This file runs in mkdocs' own environment, so it imports
the standard library only.
"""

import os.path
import re
from pathlib import Path, PurePosixPath
from typing import Any

_FENCE = re.compile(r"^(```.*?^```)", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(((?:\.\./)+[^)\s#]*)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """The text of a page as mkdocs is to render it."""
    checkout = Path(config["config_file_path"]).parent
    return rewritten(markdown, f"docs/{page.file.src_uri}", checkout, config["extra"]["repository"])


def rewritten(text: str, page: str, checkout: Path, repository: str) -> str:
    """The text of a page whose links out of docs/ lead to the repository's address.

    `page` is its path in the checkout. A link to a file that does not exist stays as it is, and
    mkdocs reports it.
    """

    def instead(found: "re.Match[str]") -> str:
        words, target, anchor = found[1], found[2], found[3] or ""
        path = os.path.normpath(PurePosixPath(page).parent / target)
        inside = path.startswith(("docs/", "../"))
        if inside or not (checkout / path).exists():
            return found[0]
        if not repository:
            return words
        kind = "tree" if (checkout / path).is_dir() else "blob"
        return f"[{words}]({repository.rstrip('/')}/{kind}/HEAD/{path}{anchor})"

    parts = _FENCE.split(text)
    return "".join(part if part.startswith("```") else _LINK.sub(instead, part) for part in parts)
