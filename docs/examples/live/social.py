"""Posts, a reply, a poll and votes, by two clients that people use: Mastodon.py and toot.

The server is mastodon_mock: the REST interface of Mastodon without federation. Run it where the link ends, and the
clients behind the link::

    mastodon_mock serve --demo --in-memory --port 8000 &
    bentpipe exec two-sites kyiv -- sh -c 'python social.py http://$BENTPIPE_HOST:8000'
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mastodon import Mastodon


def main(url: str) -> None:
    """Do everything once, and say how long each took, in seconds."""
    ada = Mastodon(access_token="ada_token", api_base_url=url, version_check_mode="none")
    alan = Mastodon(access_token="alan_token", api_base_url=url, version_check_mode="none")
    took: dict[str, float] = {}

    def timed(what: str, call: Any, *args: Any, **keys: Any) -> Any:
        start = time.monotonic()
        answer = call(*args, **keys)
        took[what] = round(time.monotonic() - start, 3)
        return answer

    post = timed("post", ada.status_post, "The bridge is open again.")
    reply = timed("reply", alan.status_reply, post, "Thank you: on my way.")
    question = ada.make_poll(["Tuesday", "Friday"], expires_in=3600)
    asked = timed("open a poll", ada.status_post, "When shall we meet?", poll=question)
    timed("vote", alan.poll_vote, asked.poll.id, [1])
    counted = timed("read the poll", ada.poll, asked.poll.id)
    timeline = timed("read the timeline", ada.timeline_home)
    start = time.monotonic()
    tooted = toot(url, "post", "Posted from a terminal.", "--reply-to", str(post.id), "--json")
    took["post by toot, a program started anew"] = round(time.monotonic() - start, 3)
    thread = [status.id for status in ada.status_context(post.id).descendants]
    print(
        json.dumps(
            {
                "replies": sorted({str(reply.id), str(tooted["id"])} & {str(one) for one in thread}),
                "votes": [option.votes_count for option in counted.options],
                "timeline": len(timeline),
                "seconds": took,
            },
            indent=1,
        )
    )


def toot(url: str, *arguments: str) -> dict[str, Any]:
    """Run toot as grace; it knows no login by token, so that its file is written for it."""
    account = f"grace@{url.split('//')[1]}"
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home, "toot")
        folder.mkdir()
        user = {"instance": url.split("//")[1], "username": "grace", "access_token": "grace_token"}
        app = {"instance": user["instance"], "base_url": url, "client_id": "none", "client_secret": "none"}
        config = {"apps": {user["instance"]: app}, "users": {account: user}, "active_user": account}
        (folder / "config.json").write_text(json.dumps(config))
        program = [sys.executable, "-m", "toot", *arguments]
        done = subprocess.run(program, env={**os.environ, "XDG_CONFIG_HOME": home}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"toot: {done.stderr.strip()}")
    return dict(json.loads(done.stdout))


if __name__ == "__main__":
    main(sys.argv[1])
