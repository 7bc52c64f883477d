"""The commands that serve a chat: `play`."""

from typing import Annotated

import typer

app = typer.Typer()


@app.command()
def play(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes any free one.", min=0, max=65535)] = 8137,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser.")] = False,
) -> None:
    """Chat with the bot in a browser on this computer, with five pretend servers: no account needed."""
    import asyncio

    from connectors.playing import play as serve
    from connectors.telemetry.log import log_to_stderr

    log_to_stderr()

    def ready(url: str) -> None:
        print(url, flush=True)  # noqa: T201 - the first line of stdout is the address
        if not no_browser:
            import webbrowser

            webbrowser.open(url)

    asyncio.run(serve(port, ready))
