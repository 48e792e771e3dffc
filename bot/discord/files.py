"""Files that are sent: any as an attachment, sound as a voice message that plays in the chat.

discord.py (2.7) can read voice messages and not send them; what is missing is a flag, and what the attachment says of
its sound: https://discord.com/developers/docs/resources/message#voice-messages
"""

import base64
import io
from typing import Any

import discord
import numpy as np
import soundfile  # type: ignore[import-untyped] # ships no types
from discord.http import handle_message_parameters

from bot.replies import Attachment

SOUND = "audio/ogg"
_POINTS = 256  # at most, and ten a second: what Discord's own clients draw


class Voice(discord.File):
    """The sound of a voice message. Reads all of it, so it is best made in a thread."""

    def __init__(self, attachment: Attachment) -> None:
        super().__init__(io.BytesIO(attachment.data), attachment.name)
        self._shown = _shown(attachment.data)

    def to_dict(self, index: int) -> dict[str, Any]:
        """As Discord wants it."""
        return {**super().to_dict(index), **self._shown}


def file_of(attachment: Attachment) -> discord.File:
    """An attachment as discord.py sends it, once."""
    return discord.File(io.BytesIO(attachment.data), attachment.name)


async def speak(client: discord.Client, channel: int, voice: Voice, reference: discord.MessageReference | None) -> int:
    """Send a voice message; its number. Raises discord.py's errors: not everybody may, and not everywhere."""
    more: dict[str, Any] = {"message_reference": reference.to_message_reference_dict()} if reference else {}
    none = discord.AllowedMentions.none()
    flags = discord.MessageFlags(voice=True)
    with handle_message_parameters(file=voice, flags=flags, allowed_mentions=none, **more) as parameters:
        return int((await client.http.send_message(channel, params=parameters))["id"])


def _shown(data: bytes) -> dict[str, Any]:
    """How long a sound is, and how loud it is on the way: a byte a point, base64."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    seconds = len(samples) / rate
    loud = np.abs(samples).max(axis=1, initial=0.0)
    parts = np.array_split(loud, max(1, min(_POINTS, round(seconds * 10), len(loud))))
    peaks = np.array([part.max(initial=0.0) for part in parts])
    heights = np.round(255 * peaks / max(float(peaks.max()), 1e-6)).astype(np.uint8)
    return {"duration_secs": round(seconds, 3), "waveform": base64.b64encode(heights.tobytes()).decode()}
