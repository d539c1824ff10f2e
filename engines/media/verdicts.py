"""Every reason for which a file is refused, with its words: code to msgid."""

from engines.errors import BadMedia, EngineError, EngineUnavailable, gettext_noop

SEND_SOUND = gettext_noop("Send the recording itself: MP3, WAV, OGG, FLAC, M4A, MP4, MKV or WebM.")
SEND_AGAIN = gettext_noop("Get the file again from where it came from and send it once more.")
SHORTEN = gettext_noop("Cut the file into parts, or ask the administrator to raise the limit.")

REFUSALS: dict[str, tuple[str, str]] = {
    "empty": (gettext_noop("The file is empty."), SEND_AGAIN),
    "not_a_file": (gettext_noop("This is a link or a device, not a file."), SEND_SOUND),
    "too_large": (
        gettext_noop("The file has %(bytes)s bytes; at most %(limit)s are taken."),
        SHORTEN,
    ),
    "playlist_hls": (
        gettext_noop("This is a playlist (HLS) that names other files, not sound."),
        SEND_SOUND,
    ),
    "playlist_concat": (
        gettext_noop("This is a list of other files (ffconcat), not sound."),
        SEND_SOUND,
    ),
    "playlist_other": (
        gettext_noop("This is a playlist that names other files, not sound."),
        SEND_SOUND,
    ),
    "playlist_hidden": (
        gettext_noop("This container carries a hidden list of other files."),
        SEND_SOUND,
    ),
    "sdp": (gettext_noop("This describes a network stream (SDP), it is not sound."), SEND_SOUND),
    "markup_html": (gettext_noop("This is a web page, not sound."), SEND_AGAIN),
    "markup_xml": (gettext_noop("This is an XML document, not sound."), SEND_SOUND),
    "text": (gettext_noop("This is text, not sound."), SEND_SOUND),
    "unknown_format": (gettext_noop("The bytes are of no sound format that we know."), SEND_SOUND),
    "no_audio": (gettext_noop("There is no sound track in the file."), SEND_SOUND),
    "no_channels": (gettext_noop("The file says that it has no channels."), SEND_AGAIN),
    "no_such_channel": (
        gettext_noop("There is no channel %(channel)s: the file has %(channels)s."),
        "",
    ),
    "too_many_channels": (
        gettext_noop("The file has %(channels)s channels; at most %(limit)s are taken."),
        gettext_noop("Mix it down, or send every channel as its own file."),
    ),
    "bad_rate": (
        gettext_noop("A sample rate of %(rate)s Hz is not taken (%(low)s to %(high)s are)."),
        SEND_AGAIN,
    ),
    "too_long": (
        gettext_noop("The recording is longer than %(limit_s)d seconds."),
        SHORTEN,
    ),
    "truncated": (
        gettext_noop("The file ends too early: %(decoded_s)s of %(declared_s)s seconds are there."),
        SEND_AGAIN,
    ),
    "broken": (gettext_noop("The file is damaged: it can't be decoded."), SEND_AGAIN),
    "no_sound": (gettext_noop("Not one sample could be decoded."), SEND_AGAIN),
    "too_much_memory": (
        gettext_noop("Decoding needs more memory than one file may have."),
        SEND_AGAIN,
    ),
    "too_much_work": (
        gettext_noop("Decoding takes more processor time than one file may have."),
        SHORTEN,
    ),
    "decoder_crashed": (gettext_noop("The decoder gave up on this file."), SEND_AGAIN),
}


def refuse(code: str, **details: float | str) -> BadMedia:
    """The refusal of that code; `details` fill the places of its message."""
    message, next_action = REFUSALS[code]
    return BadMedia(code, message, next_action=next_action, **details)


def child_lost() -> EngineUnavailable:
    return EngineUnavailable(
        "media_child_lost",
        gettext_noop("The process that decodes was stopped from outside."),
        next_action=gettext_noop("Try again."),
    )


def server_failed() -> EngineUnavailable:
    return EngineUnavailable(
        "media_server_failed",
        gettext_noop("The process that decodes sound does not start."),
        next_action=gettext_noop("Check that the package av is installed and memory is free."),
    )


def too_slow(wall_s: float) -> EngineError:
    return EngineError(
        "media_timeout",
        gettext_noop("Decoding took longer than %(wall_s)s seconds."),
        retryable=True,
        next_action=gettext_noop("Try again when the machine is less busy."),
        wall_s=wall_s,
    )


def no_space() -> EngineError:
    return EngineError(
        "no_space",
        gettext_noop("There is no room on the disk for the decoded sound."),
        retryable=True,
        next_action=gettext_noop("Free disk space and try again."),
    )
