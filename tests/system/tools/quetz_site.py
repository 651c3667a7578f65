"""Starts a Quetz server in the current folder, with one user and a key; run in its environment.

Arguments: the port, the key, and channels to make.
"""

import os
import sys
from pathlib import Path
from typing import Any

CONFIG = """
[github]
client_id = ""
client_secret = ""
[sqlalchemy]
database_url = "sqlite:///{folder}/quetz.sqlite"
[session]
secret = "{secret}"
https_only = false
"""


def main() -> None:
    port, key, *channels = sys.argv[1:]
    folder = Path.cwd()
    config = folder / "config.toml"
    new = not config.exists()
    config.write_text(CONFIG.format(folder=folder, secret="0" * 64))

    os.environ["QUETZ_CONFIG_FILE"] = str(config)
    from quetz.config import Config

    read = Config(str(config))
    from quetz import rest_models
    from quetz.dao import Dao
    from quetz.database import get_session
    from quetz.db_models import Base, Profile

    if new:
        with get_session(read.sqlalchemy_database_url) as session:
            Base.metadata.create_all(session.get_bind())
            fill(Dao(session), session, Profile, rest_models, key, channels)

    import uvicorn
    from quetz.main import app

    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


def fill(dao: Any, session: Any, profile: Any, models: Any, key: str, channels: list[str]) -> None:
    user = dao.create_user_with_role("ci", "owner")
    session.add(profile(name="ci", avatar_url="", user=user))
    session.commit()
    about = models.BaseApiKey(description="ci", expire_at="2099-01-01", roles=[])
    dao.create_api_key(user.id, about, key)
    for name in channels:
        dao.create_channel(models.Channel(name=name, private=False), user.id, "owner", None)


main()
