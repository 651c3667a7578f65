"""Runs boto3 for an S3 store, in the environment of ci/tools/s3.lock.

It gets its job and reports events as publish/client.py describes; boto3 itself finds the keys.
Imports nothing of rootstock.
"""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

_LASTING = "public, max-age=31536000, immutable"
_CHANGING = "no-cache"
_KINDS = {".json": "application/json", ".html": "text/html; charset=utf-8"}


def main() -> None:
    """Do the job from standard input."""
    job = json.load(sys.stdin)
    limits = Config(
        connect_timeout=job["timeout"],
        read_timeout=job["timeout"],
        retries={"total_max_attempts": 1, "mode": "standard"},  # the caller tries again
        # Without it, a body is read twice and sent in a form that few other stores accept.
        request_checksum_calculation="when_required",
    )
    try:
        site = boto3.client("s3", endpoint_url=job["server"] or None, config=limits)
        {"look": look, "put": put, "show": show}[job["do"]](site, job)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        _report("failed", status=status, reason=str(error))
    except NoCredentialsError as error:
        _report("failed", status=401, reason=str(error))
    except BotoCoreError as error:
        _report("failed", status=0, reason=str(error))
    else:
        _report("done")


def look(site: Any, job: dict[str, Any]) -> None:
    """Report some objects with their metadata, and the text of others."""
    site.head_bucket(Bucket=job["bucket"])
    for path in job["paths"]:
        found = _or_none(site.head_object, job, path)
        if found:
            _report("file", path=path, sha256=found["Metadata"].get("sha256", ""))
    for path in job["texts"]:
        found = _or_none(site.get_object, job, path)
        if found:
            _report("text", path=path, text=found["Body"].read().decode())


def put(site: Any, job: dict[str, Any]) -> None:
    """Write packages where nothing exists, then changing objects, in the given order."""
    for file in job["files"]:
        with open(file["file"], "rb") as content:
            site.put_object(
                Bucket=job["bucket"],
                Key=job["prefix"] + file["path"],
                Body=content,
                ContentLength=Path(file["file"]).stat().st_size,
                ContentType="application/octet-stream",
                CacheControl=_LASTING,
                Metadata={"sha256": file["sha256"]},
                IfNoneMatch="*",
            )
        _report("put", path=file["path"])
    show(site, job)


def show(site: Any, job: dict[str, Any]) -> None:
    """Write objects that may be overwritten, in the given order, each complete or not at all."""
    for one in job["objects"]:
        content = Path(one["file"]).read_bytes() if "file" in one else one["text"].encode()
        kind = _KINDS.get(Path(one["path"]).suffix, "application/octet-stream")
        site.put_object(
            Bucket=job["bucket"],
            Key=job["prefix"] + one["path"],
            Body=content,
            ContentType=kind,
            CacheControl=_LASTING if one["lasting"] else _CHANGING,
        )


def _or_none(ask: Any, job: dict[str, Any], path: str) -> Any:
    try:
        return ask(Bucket=job["bucket"], Key=job["prefix"] + path)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise


def _report(event: str, **what: Any) -> None:
    print(json.dumps({"event": event, **what}), flush=True)


main()
