"""The commands about NDES servers: `check`, `servers add|list|show|remove|import`, `lab`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import BadRequest
from connectors import documents
from connectors.commands.showing import Json, show, show_json
from connectors.commands.storing import with_store

app = typer.Typer()
servers_app = typer.Typer(help="The registered NDES servers.", no_args_is_help=True)
app.add_typer(servers_app, name="servers")

Target = Annotated[str, typer.Argument(metavar="TARGET", help="A registered server, or the SCEP URL of any.")]
Resolve = Annotated[str | None, typer.Option(metavar="IP", help="Connect here; name and SNI are kept.")]
Port = Annotated[int | None, typer.Option(help="Another port than that of the URL.", min=1, max=65535)]
Roots = Annotated[Path | None, typer.Option(metavar="PEM", help="Roots to judge TLS with.")]
Allow = Annotated[
    list[str] | None, typer.Option(metavar="CIDR", help="Open this range, and any port of it, for this run.")
]

# --- check -----------------------------------------------------------------------------------


@app.command()
def check(
    target: Target,
    as_json: Json = False,
    only: Annotated[list[str] | None, typer.Option(help="Run this check alone; may be given again.")] = None,
    resolve: Resolve = None,
    port: Port = None,
    ca_file: Roots = None,
    allow: Allow = None,
    compare: Annotated[
        str | None, typer.Option(metavar="last-good", help="Show only what differs from the last good run.")
    ] = None,
) -> None:
    """Run the remote checks against one server and say which causes they confirm or rule out."""
    if compare not in (None, "last-good"):
        raise BadRequest("--compare knows one thing to compare with: last-good.")
    report, past = _checked(target, only or (), resolve, port, ca_file, allow or ())
    if as_json:
        show_json(documents.report(report))
    elif compare:
        from bot.report import changes

        if past.at is None:
            raise BadRequest(f"No good run of {target} is remembered yet.")
        show(changes(report, past.findings))
    else:
        _tell(report)
    raise typer.Exit(0 if report.verdict in ("ok", "warn") else 1)


@app.command()
def probe(
    target: Target,
    yes: Annotated[bool, typer.Option("--yes", help="Send it: the traces it leaves are wanted.")] = False,
    resolve: Resolve = None,
    port: Port = None,
    ca_file: Roots = None,
    allow: Allow = None,
) -> None:
    """Ask for a certificate that nobody can use, to see how far a request gets. Leaves traces on the server."""
    from bot.check import PROBE, TRACES

    if not yes:
        raise BadRequest(f"This leaves traces: {'; '.join(TRACES)}. If they are wanted, say --yes.")
    report, _ = _checked(target, ("scep-base", "scep-caps", PROBE), resolve, port, ca_file, allow or (), consent=True)
    _tell(report)
    raise typer.Exit(0 if report.verdict in ("ok", "warn") else 1)


def _checked(
    target: str,
    only: Sequence[str],
    resolve: str | None,
    port: int | None,
    ca_file: Path | None,
    allow: Sequence[str],
    *,
    consent: bool = False,
) -> Any:
    """One run, and what was remembered of the server before it."""
    from connectors.assembly import check_once
    from connectors.settings import private_ranges

    ranges = [_range(word) for word in allow]
    return with_store(
        lambda store: check_once(
            target,
            store,
            only=only,
            resolve=resolve,
            port=port,
            ca_file=ca_file,
            allow=ranges,
            private=private_ranges(),
            consent=consent,
        )
    )


def _tell(report: Any) -> None:
    from dataclasses import replace

    from bot.report import told
    from bot.types import Choices
    from connectors import shelf
    from connectors.settings import cache_folder

    answer = told(report, shelf.library(cache_folder()))
    # What there is to press in a chat is not what a shell understands.
    show(replace(answer, blocks=tuple(block for block in answer.blocks if not isinstance(block, Choices))))


def _range(word: str) -> Any:
    from ipaddress import ip_network

    try:
        return ip_network(word)
    except ValueError as error:
        raise BadRequest(f"--allow: {error}") from None


# --- servers ---------------------------------------------------------------------------------


@servers_app.command("list")
def servers_list(as_json: Json = False) -> None:
    """All registered servers."""
    from bot.servers import listed

    servers = with_store(lambda store: store.servers())
    if as_json:
        show_json([documents.server(server) for server in servers])
    else:
        show(listed(servers, may_check=False))


@servers_app.command("add")
def servers_add(
    name: Annotated[str, typer.Argument(help="Short name, such as ndes01.")],
    url: Annotated[str, typer.Argument(help="The SCEP URL of the profile, up to mscep.dll.")],
    field: Annotated[list[str] | None, typer.Argument(help="field=value, such as front=app-proxy.")] = None,
) -> None:
    """Register a server, or change it."""
    from bot.servers import server_from, words_to_fields

    server = server_from(words_to_fields(" ".join((name, url, *(field or [])))))
    with_store(lambda store: store.register(server))
    typer.echo(f"{server.name} is registered")


@servers_app.command("import")
def servers_import(file: Annotated[Path, typer.Argument(help="YAML: a list of servers.")]) -> None:
    """Register every server of a YAML file; one that is wrong stops it before any is registered."""
    import yaml

    from bot.servers import server_from

    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadRequest(f"{file.name}: this is not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
        raise BadRequest(f"{file.name}: it must hold a list of servers, each with name and url.")
    servers = [server_from(one) for one in said]

    async def register(store: Any) -> None:
        for server in servers:
            await store.register(server)

    with_store(register)
    typer.echo(f"{len(servers)} servers are registered")


@servers_app.command("show")
def servers_show(name: str, as_json: Json = False) -> None:
    """One registered server, every field."""
    server = _known(name)
    if as_json:
        show_json(documents.server(server))
        return
    for field, value in documents.server(server).items():
        typer.echo(f"{field}: {value}")


@servers_app.command("remove")
def servers_remove(name: str) -> None:
    """Forget a server and what is remembered of it."""
    server = _known(name)
    with_store(lambda store: store.remove(server.name))
    typer.echo(f"{server.name} is forgotten")


def _known(name: str) -> Any:
    if server := with_store(lambda store: store.server(name)):
        return server
    raise BadRequest(f"{name!r} is not registered; `ndesbot servers list` names those that are.")


# --- lab -------------------------------------------------------------------------------------


@app.command()
def lab(
    fault: Annotated[str | None, typer.Option(help="What is wrong with the pretend server.")] = None,
    port: Annotated[int, typer.Option(help="Port for HTTPS; 0 takes any free one.", min=0, max=65535)] = 0,
    crl_port: Annotated[int, typer.Option(help="Port for CRLs over HTTP.", min=0, max=65535)] = 0,
    host: Annotated[str, typer.Option(help="The name in its certificate and URLs.")] = "localhost",
    list_all: Annotated[bool, typer.Option("--list", help="All faults.")] = False,
    as_json: Json = False,
) -> None:
    """One pretend NDES on this computer, for drills and tests."""
    if list_all:
        from connectors.lab.running import listing

        rows = listing()
        if as_json:
            show_json(rows)
        else:
            for row in rows:
                stands_for = row["cause"] or ("healthy" if row["healthy"] else "no cause")
                typer.echo(f"{row['fault']}  {stands_for}  {row['does']}")
        return
    if fault is None:
        raise BadRequest("Name a fault with --fault, or see them all with --list.")
    import asyncio

    from connectors.playing import one_lab

    asyncio.run(one_lab(fault, port, crl_port, host, show_json))
