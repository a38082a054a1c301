"""A picture in a message's thread: an address to send it to, its bytes, and the call that shows it.

Nothing is seen in Slack before the third call, so only its outcome can be unknown. Slack shows the picture some
seconds after it has answered. `alt_txt` is not sent: Slack then answers ok and shows nothing (python-slack-sdk, issue
1818). The words that say what is drawn go beside the picture instead, where everybody reads them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from llm_finops.slack.calls import asked, called
from llm_finops.slack.outcomes import UNREADABLE, NotSent
from llm_finops.slack.transport import Client

WORDS_MAX = 3_500  # characters, as of a message


class Drawn(NamedTuple):
    """A picture's bytes, and what it shows in words."""

    content: bytes
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be shown: the name of its file and its title, which stay the same however often it is drawn.

    `draw` is called once the attempt is noted, and may raise NotSent.
    """

    name: str
    title: str
    draw: Callable[[], Drawn]


def share(client: Client, channel: str, ts: str, picture: Picture) -> None:
    """Show a picture in a message's thread. NotSent; Unknown once Slack was asked to show it."""
    what = f"showing {picture.name} in the thread of message {ts} in Slack channel {channel}"
    drawn = picture.draw()
    ask = partial(client.files_getUploadURLExternal, filename=picture.name, length=len(drawn.content))
    place = asked(f"{what}, asking where to send it", ask)
    address, file_id = place.get("upload_url"), place.get("file_id")
    if not isinstance(address, str) or not isinstance(file_id, str):
        raise NotSent(f"{what}: Slack's answer names no address; to be tried again", code=UNREADABLE)
    client.upload(f"{what}, sending it", address, drawn.content)
    show = partial(client.files_completeUploadExternal, files=[{"id": file_id, "title": picture.title}])
    words = f"{picture.title}\n{drawn.words}"[:WORDS_MAX]
    called(what, partial(show, channel_id=channel, thread_ts=ts, initial_comment=words))


def is_shown(message: object, picture: Picture) -> bool:
    """Whether a message shows the picture: by its file's name or, where files are not shown to us, by its title."""
    if not isinstance(message, dict):
        return False
    files: Any = message.get("files")
    if isinstance(files, list) and any(isinstance(file, dict) and file.get("name") == picture.name for file in files):
        return True
    return bool(files or message.get("x_files")) and str(message.get("text", "")).startswith(picture.title)
