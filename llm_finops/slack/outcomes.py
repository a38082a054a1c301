"""What can go wrong with Slack, and what is known of the message then.

    SlackError
    ├── SlackSetupError   the token, channel or address cannot work; nothing was tried
    ├── NotSent           Slack has not taken it: try again later, or (permanent) when it is mended
    └── Unknown           Slack may have taken it: look before posting again

No answer's body is quoted, only Slack's error code: a body may echo the token.
"""

import re
from collections.abc import Mapping

RETRIABLE = frozenset(
    "rate_limited ratelimited internal_error fatal_error service_unavailable request_timeout "
    "team_added_to_org message_limit_exceeded update_failed file_update_failed file_not_found".split()
)
TOO_LONG = frozenset("msg_blocks_too_long msg_too_long invalid_blocks invalid_blocks_format".split())
# What no later try can change about a message that stands, or stood, there.
GONE = frozenset("message_not_found thread_not_found".split())
FROZEN = frozenset("edit_window_closed cant_update_message msg_too_old cannot_reply_to_message thread_locked".split())
CLOSED = frozenset("is_archived channel_not_found not_in_channel".split())  # what a channel left behind answers
UNREADABLE = "unreadable_answer"  # ours: what answered did not speak Slack

_RENEW = "set a valid bot token (xoxb-...) of an app installed in this workspace"
_INVITE = "invite the app there (/invite @the-app)"
_FIXES = {
    **dict.fromkeys("invalid_auth not_authed token_revoked token_expired not_allowed_token_type".split(), _RENEW),
    "account_inactive": "the app's user or workspace was deactivated: reinstall the app and " + _RENEW,
    "channel_not_found": "set the channel's ID (channel details, at the bottom); if it is private, " + _INVITE,
    "not_in_channel": _INVITE,
    "is_archived": "unarchive the channel, or set another one",
    "missing_scope": "add the scope to the app (OAuth & Permissions) and reinstall it",
    "org_login_required": "the workspace is being moved: ask its administrators, then reinstall the app",
    **dict.fromkeys(
        "restricted_action restricted_action_read_only_channel no_permission ekm_access_denied access_denied "
        "team_access_not_granted accesslimited".split(),
        "ask the workspace's administrators to let the app post in this channel",
    ),
    **dict.fromkeys(
        "file_uploads_disabled file_upload_size_restricted file_type_not_allowed storage_limit_reached".split(),
        "ask the workspace's administrators to let the app upload images, or set [slack] chart = false",
    ),
    **dict.fromkeys(GONE, "the message was deleted; nothing is left to edit or to answer"),
    **dict.fromkeys(["cannot_reply_to_message", "thread_locked"], "its thread takes no answers"),
    "msg_too_old": "it is too old to be edited",
    "cant_update_message": "only the app that posted it can edit it: set that app's token",
    "edit_window_closed": "the workspace forbids late edits",
    "unknown_method": "check the base address",
}
_CODE = re.compile(r"[a-z0-9_]{1,60}", re.ASCII)
_SCOPES = re.compile(r"[a-z:,._]{1,200}", re.ASCII)
_RETRY_AFTER_MAX_S = 86_400


class SlackError(Exception):
    """Trouble with Slack. Numbers stay as they are."""


class SlackSetupError(SlackError, ValueError):
    """A token, channel or address that cannot work."""


class NotSent(SlackError):
    """Slack has not taken the message. `permanent`: trying again helps only after somebody mends it."""

    def __init__(self, reason: str, *, code: str = "", retry_after: int | None = None, permanent: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.retry_after = retry_after  # seconds, where Slack said so
        self.permanent = permanent


class Unknown(SlackError):
    """Slack may or may not have taken the message; `seen` is what happened."""

    def __init__(self, seen: str) -> None:
        self.seen = seen
        self.reason = f"{seen}, so the message may be there; to be looked for before it is posted again"
        super().__init__(self.reason)


def judged(what: str, status: int, headers: Mapping[str, str], data: Mapping[str, object]) -> SlackError:
    """What an answer other than success means. `what` names the call and its subject."""
    code = str(data.get("error", ""))
    code = code if _CODE.fullmatch(code) else UNREADABLE
    seen = f"{what}: Slack answered {code}" if status == 200 else f"{what}: Slack answered HTTP {status} ({code})"
    if status == 429 or code in {"rate_limited", "ratelimited"}:
        return NotSent(f"{seen}; too many calls, to be tried later", code=code, retry_after=_retry_after(headers))
    if status >= 500 or status == 408 or code in RETRIABLE:
        return NotSent(f"{seen}; to be tried again", code=code)
    if status == 200 and code == UNREADABLE:
        return Unknown(f"{what}: Slack's answer was unreadable")
    if 300 <= status < 400:
        return NotSent(f"{seen}, a redirect, which is not followed: check the base address", code=code, permanent=True)
    return NotSent(f"{seen}: {_fix(code, data)}", code=code, permanent=True)


def _fix(code: str, data: Mapping[str, object]) -> str:
    fix = _FIXES.get(code, "see the errors in https://docs.slack.dev/reference/methods, by method")
    needed = str(data.get("needed", ""))
    return f"{fix}; it needs {needed}" if code == "missing_scope" and _SCOPES.fullmatch(needed) else fix


def _retry_after(headers: Mapping[str, str]) -> int | None:
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return None
    return min(int(text), _RETRY_AFTER_MAX_S)
