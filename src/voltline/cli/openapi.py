"""`voltline openapi`: the description of the REST API."""

import typer


def openapi() -> None:
    """Print the OpenAPI 3.1 document of the REST API, as a central system has it at /api/v1/openapi.json."""
    from voltline.central.api.application import described

    typer.echo(described().decode())
