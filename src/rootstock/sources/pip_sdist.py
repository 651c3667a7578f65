"""Downloads a source distribution by its file's name, and does nothing with it.

    python pip_sdist.py [PIP'S OPTIONS] NAME FILE FOLDER

`pip download` builds what it downloads to get its metadata. That runs code from a file before
anybody compared its sha256. So here pip's own parts search the index and fetch the file, as pip is
configured (indexes, mirrors, proxies, certificates, credentials), and stop there. These parts are
not pip's public interface: the lock file has the pip version that they fit, and a system test uses
them. Imports nothing of rootstock.
"""

import sys
from optparse import Values

from pip._internal.cli.status_codes import SUCCESS
from pip._internal.commands.index import IndexCommand
from pip._internal.exceptions import DistributionNotFound
from pip._internal.network.download import Downloader


class DownloadFile(IndexCommand):
    """A command of pip that downloads one file of the index."""

    usage = "%prog [options] NAME FILE FOLDER"

    def run(self, options: Values, args: list[str]) -> int:
        """Put the file into the folder; pip's `main` reports errors and makes exit codes."""
        name, filename, folder = args
        with self._build_session(options) as session:
            # It is for another Python than the one that runs this.
            finder = self._build_package_finder(options, session, ignore_requires_python=True)
            found = [one.link for one in finder.find_all_candidates(name)]
            links = [link for link in found if link.filename == filename]
            if not links:
                raise DistributionNotFound(f"no index has {filename} among the files of {name}")
            Downloader(session, "off")(links[0], folder)
        return SUCCESS


if __name__ == "__main__":
    sys.exit(DownloadFile("download-file", "Download one file.").main(sys.argv[1:]))
