"""`ghostnote adapters`: what there is, who speaks where, and bringing voices in and out.

Everything that comes in is first tried on the base that this machine serves; what does not fit never gets a version. A
running Ghostnote hears of a change with its next message. One sentence on stderr for each wrong thing: status 2 for an
argument that cannot be, 1 for anything else.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapters import parcel
from adapters.manifest import MANIFEST, BadAdapter, Manifest, RegistryError, read_manifest
from adapters.registry import Registry, Scope
from deploy import settings as config
from deploy.ending import ended
from deploy.models import ModelError, ensure
from deploy.settings import Settings, SettingsError
from engine.text.forms.load import load

adapters_app = typer.Typer(no_args_is_help=True, help="Voices: which there are, and who speaks where.")
_piped = not sys.stdout.isatty()
out = Console(highlight=False, soft_wrap=_piped, width=240 if _piped else None)

ScopeOption = Annotated[
    str, typer.Option("--scope", help="global, form:NAME, channel:PLATFORM:CHAT[/THREAD] or person:PLATFORM:ID")
]
NameArgument = Annotated[str, typer.Argument(help="NAME (its newest version) or NAME@VERSION")]


@adapters_app.command(name="list")
def list_all() -> None:
    """Every version, and where each speaks."""
    with _problems() as (settings, registry):
        live = registry.scopes()
        shown = registry.versions()
        floors = {f"{name}@shipped": form for form, name in _floors().items()}
        table = Table("adapter", "base", "made (UTC)", "votes", "measured", "speaks for", box=None, pad_edge=False)
        for one in shown:
            where = [scope for scope, reference in live.items() if reference == one.reference]
            where += [f"form:{floors[one.reference]}, unless another is live"] if one.reference in floors else []
            cells = (one.reference, one.base, one.made[:16], _votes(one), _measured(one), "; ".join(where))
            table.add_row(*map(escape, cells))
        out.print(table)
        if settings.text_model not in {one.base for one in shown}:
            out.print(f"None of them is for {settings.text_model}, the base in use, which speaks for itself.")


@adapters_app.command()
def show(name: NameArgument) -> None:
    """What is known of one version: its base, data, measures and parents."""
    with _problems() as (_, registry):
        reference = registry.find(name)
        about = registry.show(reference)
        live = [scope for scope, speaking in registry.scopes().items() if speaking == reference]
        table = Table(box=None, show_header=False, pad_edge=False)
        rows = {
            "adapter": reference,
            "base": about.base,
            "made (UTC)": about.made,
            "speaks for": "; ".join(live),
            "measured": _measured(about),
            "parents": ", ".join(about.parents),
            "SHA-256": about.sha256,
            "folder": str(registry.folder(reference)),
        }
        for what, found in (*rows.items(), *((f"data: {key}", _plain(value)) for key, value in about.data.items())):
            table.add_row(escape(what), escape(found or "-"))
        out.print(table)


@adapters_app.command()
def publish(
    source: Annotated[str, typer.Argument(help="a folder with PEFT files, or NAME[@VERSION] that is here already")],
    scope: ScopeOption,
    name: Annotated[str, typer.Option(help="what to call it; the folder's own name if not given")] = "",
) -> None:
    """Let an adapter speak in a scope, from the next message on."""
    where = _scope(scope)
    with _problems() as (settings, registry):
        folder = Path(source).expanduser()
        if folder.is_dir():
            manifest = _add(settings, registry, folder, name or folder.resolve().name, _beside(folder), where)
            reference = manifest.reference
        else:
            if folder.exists() or "/" in source:
                raise RegistryError(f"{source} is no folder")
            reference = registry.find(source)
            _try(settings, registry.whole(reference))
            registry.make_live(reference, where)
        out.print(f"{reference} speaks for {where.key} from the next message on.")


@adapters_app.command()
def rollback(scope: ScopeOption) -> None:
    """Go back to what spoke in a scope before."""
    where = _scope(scope)
    with _problems() as (_, registry):
        before = registry.rollback(where)
        out.print(f"{before or 'Nothing of its own'} speaks for {where.key} from the next message on.")


@adapters_app.command()
def export(
    name: NameArgument,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="the zip file")] = None,
) -> None:
    """Write one version as a zip file: weights, manifest and card."""
    with _problems() as (_, registry):
        reference = registry.find(name)
        target = output or Path(f"{reference.replace('@', '-')}.zip")
        parcel.pack(registry.whole(reference), target)
        out.print(f"{reference} is in {target}")


@adapters_app.command(name="import")
def bring(
    file: Annotated[Path, typer.Argument(help="a zip file with PEFT files")],
    name: Annotated[str, typer.Option(help="what to call it; the name in its manifest if not given")] = "",
) -> None:
    """Bring in a version from a zip file; it speaks when it is published."""
    with _problems() as (settings, registry), tempfile.TemporaryDirectory() as part:
        about = parcel.unpack(file, Path(part))
        manifest = _add(settings, registry, Path(part), name or (about.name if about else file.stem), about, None)
        out.print(
            f"{manifest.reference} is here; `ghostnote adapters publish {manifest.reference} --scope …` lets it speak."
        )


def _add(
    settings: Settings, registry: Registry, folder: Path, name: str, about: Manifest | None, scope: Scope | None
) -> Manifest:
    _try(settings, folder)
    known = about or Manifest("", "", "", "")
    return registry.publish(
        folder,
        name,
        scope=scope,
        base=settings.text_model,
        data=known.data,
        metrics=known.metrics,
        parents=known.parents,
    )


def _try(settings: Settings, folder: Path) -> None:
    """RegistryError or BadAdapter unless the adapter in `folder` fits the base in use."""
    from adapters import files, lora  # noqa: PLC0415  # torch takes seconds to import

    adapter = files.read(folder)
    if settings.text_model == "echo":
        raise RegistryError("the model echo has no voices; set GHOSTNOTE_TEXT_MODEL to the base this adapter is for")
    settings.home.mkdir(parents=True, exist_ok=True)
    lora.fits(adapter, ensure(settings.text_model, settings.home))


def _beside(folder: Path) -> Manifest | None:
    return read_manifest(folder / MANIFEST) if (folder / MANIFEST).is_file() else None


def _floors() -> dict[str, str]:
    return {name: form.adapter for name, form in load().items() if form.adapter}


def _scope(text: str) -> Scope:
    """The scope an argument names; status 2 if there is none of that name."""
    try:
        scope = Scope.read(text)
    except RegistryError as wrong:
        raise ended(wrong, 2) from None
    if scope.kind == "form" and scope.of not in load():
        raise ended(RegistryError(f"there is no form {scope.of}; there are {', '.join(load())}"), 2)
    return scope


def _plain(value: object) -> str:
    """Lists a line each, so that a table of sources can be read."""
    if isinstance(value, list):
        return "\n".join(map(_plain, value))
    return ", ".join(f"{key} {one}" for key, one in value.items()) if isinstance(value, dict) else str(value)


def _votes(about: Manifest) -> str:
    return str(about.data.get("votes", "-"))


def _measured(about: Manifest) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in about.metrics.items()) or "-"


@contextmanager
def _problems() -> Iterator[tuple[Settings, Registry]]:
    """The settings and the registry; what the owner can mend is one sentence."""
    try:
        settings = config.load()
    except SettingsError as wrong:
        raise ended(wrong, 2) from None
    try:
        yield settings, Registry(settings.adapters)
    except (RegistryError, BadAdapter, ModelError, OSError) as problem:
        raise ended(problem, 1) from None
