"""What a promotion, a rollback and a hiding call to have the page written."""

from pathlib import Path

from rootstock.channel.generation import History


def write_page(channel: Path, past: History) -> list[Path]:
    """Write the page of the last generation of `past`, as `page.write` does."""
    # Here, because most runs write none.
    from rootstock.serve import page

    return page.write(channel, past)
