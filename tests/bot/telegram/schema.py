"""The Bot API as aiogram declares it: calls are parsed into its models, and refused as Telegram would refuse them."""

import inspect
import json
from io import BytesIO
from typing import Any

import aiogram.methods
import soundfile  # type: ignore[import-untyped] # ships no types
from aiogram.methods.base import TelegramMethod
from aiogram.types import BufferedInputFile
from aiohttp import web
from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ValidationError

from tests.bot.telegram.world import ApiError

Call = TelegramMethod[Any]
METHODS: dict[str, type[Call]] = {
    method.__api_method__.lower(): method
    for name in aiogram.methods.__all__
    if inspect.isclass(method := getattr(aiogram.methods, name))
    and issubclass(method, TelegramMethod)
    and method is not TelegramMethod
}


def method_of(name: str) -> type[Call]:
    method = METHODS.get(name)
    if method is None:
        raise ApiError(404, "Not Found: method not found")
    return method


async def parameters(request: web.Request) -> dict[str, Any]:
    """Query, JSON, form or multipart, as the Bot API takes them."""
    found: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        found |= await request.json() if request.can_read_body else {}
        return found
    for key, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            found[key] = BufferedInputFile(value.file.read(), filename=value.filename)
        else:
            found[key] = value
    return found


def parse(method: type[Call], found: dict[str, Any]) -> Call:
    """The call as aiogram's model; refuses what the public schema does not know."""
    values = {}
    for key, value in found.items():
        declared = method.model_fields.get(key)
        if declared is None:
            raise ApiError(400, f"Bad Request: {method.__name__} has no parameter {key}")
        plain = declared.annotation in (str, str | None)
        values[key] = value if plain or not isinstance(value, str) else _loads(value)
    try:
        return method.model_validate(values)
    except ValidationError as error:
        raise ApiError(400, f"Bad Request: {error}") from None


def _loads(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def picture(data: bytes) -> tuple[int, int]:
    """The size of a picture that Telegram takes as a photo."""
    try:
        width, height = Image.open(BytesIO(data)).size
    except UnidentifiedImageError:
        raise ApiError(400, "Bad Request: IMAGE_PROCESS_FAILED") from None
    if width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise ApiError(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return width, height


def sound(data: bytes) -> tuple[str, str]:
    """Container and codec, empty for what is no sound."""
    try:
        info = soundfile.info(BytesIO(data))
    except soundfile.LibsndfileError:
        return "", ""
    return info.format, info.subtype


def trimmed(text: str) -> str:
    """Telegram trims a text, and takes 1 to 4,096 UTF-16 units of it."""
    trimmed = text.strip()
    if not trimmed:
        raise ApiError(400, "Bad Request: message text is empty")
    if len(trimmed.encode("utf-16-le")) // 2 > 4096:
        raise ApiError(400, "Bad Request: message is too long")
    return trimmed


def checked(markup: Any) -> Any:
    for row in getattr(markup, "inline_keyboard", None) or []:
        for button in row:
            if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= 64:
                raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
            if not button.text:
                raise ApiError(400, "Bad Request: button text must be non-empty")
    return markup


def dump(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(value, list):
        return [dump(each) for each in value]
    return value
